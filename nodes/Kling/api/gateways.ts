// The table of services that speak Kling's API: where they live, what they call things, what they lack.
import { authorizationHeader } from './auth';
import { cleanKey, redactor, type Redact } from './auth/keys';
import { normaliseBaseUrl } from './baseUrl';
import { readCredentials, type KlingCredentials } from './credentials';

type ProviderName =
	'klingGlobal' | 'klingChina' | 'hingnet' | 'ezmodel' | 'cometapi' | 'custom';

/** What a service can do. What nobody says of it is tried where a try costs nothing, and proves nothing. */
export interface Gateway {
	provider: ProviderName;
	label: string;
	/** What stands before `/v1/videos/…`, without a trailing slash. */
	baseUrl: string;
	modelField: 'model_name' | 'model';
	authScheme: 'Bearer' | 'none';
	/** A look-up that finds nothing proves that nothing was created. */
	lookUpProvesAbsence: boolean;
	/** Request fields the service drops without a word. */
	drops: ReadonlyArray<'watermark_info' | 'negative_prompt'>;
	/** Kling itself, not a reseller. */
	official: boolean;
	/** `GET …?pageNum=&pageSize=`. `known`: it is there; `try`: nobody says; `none`: known to be missing. */
	listRoute: 'known' | 'try' | 'none';
	/** Asking for a task by its external task id. `trusted`: what it finds and what it misses are both true; `try`: a find is true, a miss proves nothing. */
	externalIdLookUp: 'trusted' | 'try' | 'none';
}

/** A credential, resolved: where to send, how, and what to keep out of messages. */
export interface Service {
	baseUrl: string;
	gateway: Gateway;
	/** Masks this credential's keys, and whatever looks like a key, in a service's words. */
	redact: Redact;
}

const TRUSTED = {
	lookUpProvesAbsence: true,
	listRoute: 'known',
	externalIdLookUp: 'trusted',
} as const;

const TRIED = {
	lookUpProvesAbsence: false,
	listRoute: 'try',
	externalIdLookUp: 'try',
} as const;

/** @see https://kling.ai/document-api/api/get-started/authentication for the official hosts */
export const gateways: Readonly<Record<ProviderName, Gateway>> = {
	klingGlobal: {
		provider: 'klingGlobal',
		label: 'Kling AI (Global)',
		baseUrl: 'https://api-singapore.klingai.com',
		modelField: 'model_name',
		authScheme: 'Bearer',
		drops: [],
		official: true,
		...TRUSTED,
	},
	klingChina: {
		provider: 'klingChina',
		label: 'Kling AI (China)',
		baseUrl: 'https://api-beijing.klingai.com',
		modelField: 'model_name',
		authScheme: 'Bearer',
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
		authScheme: 'Bearer',
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
		authScheme: 'Bearer',
		lookUpProvesAbsence: false,
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
		authScheme: 'Bearer',
		drops: [],
		official: false,
		...TRIED,
	},
	custom: {
		provider: 'custom',
		label: 'Custom',
		baseUrl: '',
		modelField: 'model_name',
		authScheme: 'Bearer',
		drops: [],
		official: false,
		...TRIED,
	},
};

/**
 * Turns the fields of the `klingApi` credential into the service to talk to.
 * A field that the chosen provider does not show is ignored, whatever an earlier choice left in it.
 *
 * @param credentials the decrypted credential
 * @throws {KlingApiError} category `input` when the provider is unknown or the custom base URL is no URL,
 * category `auth` when a key is missing: said here, before anything is sent
 */
export function resolveService(credentials: unknown): Service {
	const fields = readCredentials(credentials);
	const gateway = gatewayOf(fields);
	authorizationHeader(fields, 0);
	return { baseUrl: gateway.baseUrl, gateway, redact: redactor(secretsOf(fields)) };
}

function gatewayOf(fields: KlingCredentials): Gateway {
	if (fields.provider !== 'custom') return gateways[fields.provider];
	return {
		...gateways.custom,
		baseUrl: normaliseBaseUrl(fields.baseUrl),
		modelField: fields.modelField,
		authScheme: fields.authScheme,
	};
}

function secretsOf(fields: KlingCredentials): string[] {
	const { apiKey, accessKey, secretKey, callbackSecret, callbackToken } = fields;
	const typed = [apiKey, accessKey, secretKey, callbackSecret, callbackToken];
	return typed.flatMap((value) => [value, cleanKey(value)]);
}
