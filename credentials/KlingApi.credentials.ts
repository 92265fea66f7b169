// The credential `klingApi`: which service, and the keys for it; signs every request that goes to that service.
import type {
	ICredentialDataDecryptedObject,
	ICredentialTestRequest,
	ICredentialType,
	IHttpRequestOptions,
	INodeProperties,
} from 'n8n-workflow';
import { authorizationHeader, weakSecretIssue } from '../nodes/Kling/api/auth';
import { KlingApiError } from '../nodes/Kling/api/errors/error';
import { klingCodes } from '../nodes/Kling/api/errors/codes';
import { gateways } from '../nodes/Kling/api/gateways';
import { resolveService } from '../nodes/Kling/api/service';

/** What n8n stores for a credential test, whose two kinds of rules may be mixed, against their type. */
type TestRules = NonNullable<ICredentialTestRequest['rules']>;
type TestRule = TestRules[number];

/** The access key is no secret by itself, but nobody else's business either. */
const MASKED = { password: true };
const NO_TASK = 'n8n-credential-test';
const WRONG_KEY =
	"The service did not accept the key. Check the key, and that it belongs to the chosen 'Provider': keys of the global and of the Chinese service differ.";
const NOT_KLING =
	"The address answers, but not as Kling's API does. Check the 'Base URL': paste what stands before /v1/videos/.";

/** Statuses that fail the test; every other answer, "no such task" above all, shows that the key works. */
const STATUSES: Readonly<Record<number, string>> = {
	301: NOT_KLING,
	302: NOT_KLING,
	303: NOT_KLING,
	307: NOT_KLING,
	308: NOT_KLING,
	401: WRONG_KEY,
	402: 'The key is accepted, but the account has no credit. Top it up in the console of the provider.',
	403: 'The service knows the key, but does not allow this request. Check in its console what the key may use.',
	405: NOT_KLING,
	407: 'A proxy on the way asks for a password. Check the proxy settings of this n8n.',
	500: 'The service is reachable, but had an internal fault. Try again later.',
	502: 'The service is reachable, but not working right now. Try again later.',
	503: 'The service is reachable, but not working right now. Try again later.',
	504: 'The service is reachable, but not working right now. Try again later.',
};

const statusRules = Object.entries(STATUSES).map(([status, message]): TestRule => ({
	type: 'responseCode',
	properties: { value: Number(status), message },
}));

/** Keys and accounts refused by a code, inside HTTP 200 or 429; some gateways write the code as text. */
const codeRules = Object.entries(klingCodes)
	.filter(([, { category }]) => category === 'auth' || category === 'account')
	.flatMap(([code, { category, message: meaning, description }]) => {
		const message = category === 'auth' ? WRONG_KEY : `${meaning}. ${description}.`;
		return [Number(code), code].map((value) => bodyRule('code', value, message));
	});

/** A web page arrives as text: its first character is a bracket. An empty answer has the length 0. */
const formRules = [
	bodyRule('code', 401, WRONG_KEY),
	bodyRule('error.code', 'invalid_api_key', WRONG_KEY),
	bodyRule('0', '<', NOT_KLING),
	bodyRule('length', 0, NOT_KLING),
];

function bodyRule(key: string, value: string | number, message: string): TestRule {
	return { type: 'responseSuccessBody', properties: { key, value, message } };
}

const presetUrls = JSON.stringify(
	Object.fromEntries(
		Object.values(gateways)
			.filter(({ provider }) => provider !== 'custom')
			.map(({ provider, baseUrl }) => [provider, baseUrl]),
	),
);

const providers = Object.values(gateways)
	.map(({ provider, label, baseUrl }) => ({
		name: label,
		value: provider,
		description:
			provider === 'custom'
				? 'Another service that speaks the API of Kling'
				: new URL(baseUrl).hostname,
	}))
	.sort((a, b) => a.name.localeCompare(b.name));

export class KlingApi implements ICredentialType {
	name = 'klingApi';

	displayName = 'Kling API';

	icon = { light: 'file:../icons/kling.svg', dark: 'file:../icons/kling.dark.svg' } as const;

	documentationUrl =
		'https://github.com/n8n-nodes-kling-video/n8n-nodes-kling-video/blob/main/docs/credentials.md';

	properties: INodeProperties[] = [
		{
			displayName: 'Provider',
			name: 'provider',
			type: 'options',
			options: providers,
			default: 'klingGlobal',
			description: 'The service that the key belongs to',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'e.g. https://api.example.com/kling',
			description:
				'What stands before /v1/videos/ in the documentation of the service. A full endpoint URL works too.',
			displayOptions: { show: { provider: ['custom'] } },
		},
		{
			displayName: 'Authentication',
			name: 'authType',
			type: 'options',
			options: [
				{ name: 'API Key', value: 'apiKey', description: 'One key, for Kling and all gateways' },
				{
					name: 'Access Key and Secret Key',
					value: 'accessKey',
					description: "Kling's older pair of keys; every request is signed with it",
				},
			],
			default: 'apiKey',
			description: 'Which kind of key you have',
		},
		{
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			required: true,
			description: 'The key from the console of the provider',
			displayOptions: { show: { authType: ['apiKey'] } },
		},
		{
			displayName: 'Access Key',
			name: 'accessKey',
			type: 'string',
			typeOptions: MASKED,
			default: '',
			required: true,
			description: 'The access key from the console of Kling',
			displayOptions: { show: { authType: ['accessKey'] } },
		},
		{
			displayName: 'Secret Key',
			name: 'secretKey',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			required: true,
			description: 'The secret key that was shown once when the access key was made',
			displayOptions: { show: { authType: ['accessKey'] } },
		},
		{
			displayName: 'Authorization Scheme',
			name: 'authScheme',
			type: 'options',
			options: [
				{
					name: 'Bearer',
					value: 'Bearer',
					description: 'The key after the word Bearer, as Kling takes it',
				},
				{ name: 'None', value: 'none', description: 'The bare key' },
			],
			default: 'Bearer',
			description: 'What stands before the key in the Authorization header',
			displayOptions: { show: { provider: ['custom'] } },
		},
		{
			displayName: 'Model Field',
			name: 'modelField',
			type: 'options',
			options: [
				{ name: 'model_name', value: 'model_name', description: 'As Kling calls it' },
				{ name: 'model', value: 'model', description: 'As gateways of the new-api family call it' },
			],
			default: 'model_name',
			description: 'The field of the request that names the model',
			displayOptions: { show: { provider: ['custom'] } },
		},
		{
			displayName: 'Callback Signing Secret',
			name: 'callbackSecret',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			placeholder: 'e.g. whsec_…',
			hint: "Optional, for a Kling AI Trigger with 'Authentication' set to 'Signature'",
			description:
				'The webhook secret from the console of Kling. The Kling AI Trigger checks signatures with it.',
		},
		{
			displayName: 'Callback Token',
			name: 'callbackToken',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			hint: "Optional, for a Kling AI Trigger with 'Authentication' set to 'Token'",
			description:
				'A long random text of your own that the Kling AI Trigger expects in its URL as ?token=. Kept here, so that exported workflows do not carry it.',
		},
	];

	/**
	 * Asks for a task that cannot exist: every service has that route, it costs nothing, and it needs a key.
	 * `authenticate` makes a clean base URL out of what was pasted.
	 */
	test: ICredentialTestRequest = {
		request: {
			baseURL: `={{ (${presetUrls})[$credentials.provider] ?? $credentials.baseUrl }}`,
			url: `/v1/videos/multi-image2video/${NO_TASK}`,
			method: 'GET',
			timeout: 20_000,
			disableFollowRedirect: true,
			ignoreHttpStatusErrors: { ignore: true, except: Object.keys(STATUSES).map(Number) },
		},
		rules: [...statusRules, ...codeRules, ...formRules] as TestRules,
	};

	/**
	 * Adds the Authorization header, freshly signed where the key pair is used. Only to the service's own host:
	 * the HTTP Request node may send this credential anywhere.
	 */
	async authenticate(
		credentials: ICredentialDataDecryptedObject,
		requestOptions: IHttpRequestOptions,
	): Promise<IHttpRequestOptions> {
		const { baseUrl } = resolveService(credentials);
		const isTest =
			requestOptions.baseURL !== undefined && requestOptions.baseURL === credentials.baseUrl;
		const options = isTest ? { ...requestOptions, baseURL: baseUrl } : requestOptions;
		if (originOf(options) !== new URL(baseUrl).origin) return options;
		if (String(requestOptions.url).endsWith(NO_TASK)) refuseWeakSecret(credentials.callbackSecret);
		const authorization = authorizationHeader(credentials, Date.now());
		return {
			...options,
			headers: { ...withoutAuthorization(options), Authorization: authorization },
		};
	}
}

/** Said in the credential's test; the trigger says it when it is published. */
function refuseWeakSecret(secret: unknown): void {
	const issue = weakSecretIssue(typeof secret === 'string' ? secret : '');
	if (issue === undefined) return;
	throw new KlingApiError({ category: 'input', sendAgain: 'never', ...issue });
}

/** The HTTP Request node still calls the address `uri`. */
function originOf(options: IHttpRequestOptions & { uri?: string }): string | undefined {
	const address = options.uri ?? options.url;
	if (!URL.canParse(address, options.baseURL)) return undefined;
	return new URL(address, options.baseURL).origin;
}

function withoutAuthorization({
	headers = {},
}: IHttpRequestOptions): IHttpRequestOptions['headers'] {
	return Object.fromEntries(
		Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'),
	);
}
