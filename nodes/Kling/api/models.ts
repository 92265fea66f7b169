// The table of model families: endpoint, field names, limits. Adding a family means adding a row.

export type FamilyName = 'multiImage' | 'omni';

export interface Family {
	name: FamilyName;
	/** The last piece of `/v1/videos/…`. */
	path: 'multi-image2video' | 'omni-video';
	label: string;
}
