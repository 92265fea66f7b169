// The table of services that speak Kling's API: where they live, what they call things, what they lack.

export type ProviderName =
	| 'klingGlobal'
	| 'klingChina'
	| 'hingnet'
	| 'ezmodel'
	| 'cometapi'
	| 'custom';

/** What a service can do; `unknown` services are `false` here and tried only where a try costs nothing. */
export interface Gateway {
	provider: ProviderName;
	label: string;
	/** What stands before `/v1/videos/…`, without a trailing slash. */
	baseUrl: string;
	modelField: 'model_name' | 'model';
	authScheme: 'Bearer' | 'none';
	/** Has `GET …?pageNum=&pageSize=`. */
	canList: boolean;
	/** A task can be asked for by its external task id. */
	canLookUpByExternalId: boolean;
	/** A look-up that finds nothing proves that nothing was created. */
	lookUpProvesAbsence: boolean;
	/** Request fields the service drops without a word. */
	drops: ReadonlyArray<'watermark_info' | 'negative_prompt'>;
	/** Kling itself, not a reseller. */
	official: boolean;
}
