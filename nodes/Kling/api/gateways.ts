// The table of services that speak Kling's API: where they live, what they call things, what they lack.

/** What a service can do. What nobody says of it is tried where a try costs nothing, and proves nothing. */
export interface Gateway {
	provider: string;
	label: string;
	/** What stands before `/v1/videos/…`, without a trailing slash. */
	baseUrl: string;
	modelField: 'model_name' | 'model';
	/** The model that the service sells today, for a submit that leaves the choice to the node. */
	defaultModel: string;
	/** Request fields the service drops without a word. */
	drops: ReadonlyArray<'watermark_info' | 'negative_prompt'>;
	/** Kling itself, not a reseller. */
	official: boolean;
	/** `GET …?pageNum=&pageSize=`. `known`: it is there; `try`: nobody says; `none`: known to be missing. */
	listRoute: 'known' | 'try' | 'none';
	/**
	 * Asking for a task by its external task id. `trusted`: what it finds and what it misses are both true, so a
	 * miss proves that nothing was created. `try`: a find is true, a miss proves nothing.
	 */
	externalIdLookUp: 'trusted' | 'try' | 'none';
}

const TRUSTED = {
	listRoute: 'known',
	externalIdLookUp: 'trusted',
} as const;

const TRIED = {
	listRoute: 'try',
	externalIdLookUp: 'try',
} as const;

/** @see https://kling.ai/document-api/api/get-started/authentication for the official hosts */
const rows = {
	klingGlobal: {
		provider: 'klingGlobal',
		label: 'Kling AI (Global)',
		baseUrl: 'https://api-singapore.klingai.com',
		modelField: 'model_name',
		defaultModel: 'kling-v3-omni',
		drops: [],
		official: true,
		...TRUSTED,
	},
	klingChina: {
		provider: 'klingChina',
		label: 'Kling AI (China)',
		baseUrl: 'https://api-beijing.klingai.com',
		modelField: 'model_name',
		defaultModel: 'kling-v3-omni',
		drops: [],
		official: true,
		...TRUSTED,
	},
	// One-Hub software: answers from its own database, by task id and by external task id.
	hingnet: {
		provider: 'hingnet',
		label: 'Hingnet',
		baseUrl: 'https://models.hingnet.com.cn/kling',
		modelField: 'model_name',
		defaultModel: 'kling-v1-6',
		drops: ['watermark_info', 'negative_prompt'],
		official: false,
		...TRUSTED,
	},
	// new-api software: https://doc.ezmodel.cloud lists a route to create and one to get, and no other.
	ezmodel: {
		provider: 'ezmodel',
		label: 'EzModel',
		baseUrl: 'https://www.ezmodel.cloud/kling',
		modelField: 'model',
		defaultModel: 'kling-v1-6',
		listRoute: 'none',
		externalIdLookUp: 'none',
		drops: ['watermark_info'],
		official: false,
	},
	// https://apidoc.cometapi.com documents create and get only; what else passes through is not said.
	cometapi: {
		provider: 'cometapi',
		label: 'CometAPI',
		baseUrl: 'https://api.cometapi.com/kling',
		modelField: 'model_name',
		defaultModel: 'kling-v1-6',
		drops: [],
		official: false,
		...TRIED,
	},
	custom: {
		provider: 'custom',
		label: 'Custom',
		baseUrl: '',
		modelField: 'model_name',
		defaultModel: 'kling-v1-6',
		drops: [],
		official: false,
		...TRIED,
	},
} as const satisfies Record<string, Gateway>;

/** A row's name is what a credential holds. The form and the reader of credentials follow this table. */
export type ProviderName = keyof typeof rows;

export const gateways: Readonly<Record<ProviderName, Gateway>> = rows;

export const providerNames = Object.keys(rows) as ProviderName[];
