// The credential: fields that saved credentials hold, where the key goes, and what its test can tell.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import type { IHttpRequestOptions } from 'n8n-workflow';

import { KlingApi } from '../../../credentials/KlingApi.credentials';
import { gateways } from '../../../nodes/Kling/api/gateways';
import { resolveService } from '../../../nodes/Kling/api/service';

const credential = new KlingApi();
const fields = { provider: 'hingnet', authType: 'apiKey', apiKey: 'Bearer the-key' };
const OWN = 'https://models.hingnet.com.cn/kling/v1/videos/multi-image2video';

async function headersFor(
	request: Partial<IHttpRequestOptions> & { uri?: string },
	data: object = fields,
) {
	const { headers } = await credential.authenticate({ ...data }, request as IHttpRequestOptions);
	return headers;
}

describe('the form', () => {
	test('has the fields that saved credentials hold', () => {
		expect(credential.properties.map(({ name }) => name)).toEqual([
			'provider',
			'baseUrl',
			'authType',
			'apiKey',
			'accessKey',
			'secretKey',
			'authScheme',
			'modelField',
			'callbackSecret',
			'callbackToken',
		]);
	});

	test('offers every provider of the table', () => {
		const [provider] = credential.properties;
		const values = provider?.options?.map((option) =>
			'value' in option ? option.value : undefined,
		);
		expect(values?.sort()).toEqual(Object.keys(gateways).sort());
	});

	test('every provider that it offers can be chosen', () => {
		const [provider] = credential.properties;
		for (const option of provider?.options ?? []) {
			if (!('value' in option)) throw new Error('an option without a value');
			const service = resolveService({
				provider: option.value,
				apiKey: 'key',
				baseUrl: 'https://gw.example.com',
			});
			expect(service.gateway).toMatchObject({ provider: option.value, label: option.name });
		}
	});

	test('masks every key', () => {
		const masked = credential.properties
			.filter(({ typeOptions }) => typeOptions?.password)
			.map(({ name }) => name);
		expect(masked).toEqual(['apiKey', 'accessKey', 'secretKey', 'callbackSecret', 'callbackToken']);
	});

	test('has an icon for each theme, and they differ', () => {
		const read = (icon: string) =>
			readFileSync(
				resolve(join(__dirname, '../../../credentials'), icon.replace('file:', '')),
				'utf8',
			);
		const { light, dark } = credential.icon;
		expect(read(light)).toMatch(/^<svg [^>]*viewBox="0 0 (\d+) \1"/);
		expect(read(dark)).not.toBe(read(light));
	});
});

describe('the key', () => {
	test.each<[string, Partial<IHttpRequestOptions> & { uri?: string }]>([
		['an absolute URL', { url: OWN }],
		['the HTTP Request node, which calls it uri', { uri: OWN }],
		[
			'a base URL and a path',
			{ baseURL: 'https://models.hingnet.com.cn/kling', url: '/v1/videos/x' },
		],
		['a base URL alone', { baseURL: 'https://models.hingnet.com.cn/kling', url: '' }],
		['the default port written out', { url: 'https://models.hingnet.com.cn:443/kling' }],
	])('goes to the service, given as %s', async (_, request) => {
		expect(await headersFor(request)).toEqual({ Authorization: 'Bearer the-key' });
	});

	test.each<[string, Partial<IHttpRequestOptions> & { uri?: string }]>([
		['another host', { url: 'https://cdn.example.com/v.mp4' }],
		['a host that only starts like it', { url: 'https://models.hingnet.com.cn.evil.example.com/' }],
		['a user name that looks like it', { url: 'https://models.hingnet.com.cn@evil.example.com/' }],
		['its host without encryption', { url: 'http://models.hingnet.com.cn/kling/v1/videos/x' }],
		['another port', { url: 'https://models.hingnet.com.cn:8443/' }],
		[
			'a URL that overrides the base URL',
			{ baseURL: 'https://models.hingnet.com.cn', url: 'https://evil.example.com/' },
		],
		['no address at all', { url: '/v1/videos/x' }],
	])('never goes to %s', async (_, request) => {
		expect(await headersFor({ ...request, headers: { Accept: 'x' } })).toEqual({ Accept: 'x' });
	});

	test('replaces an Authorization header in any case, and changes nothing of the request that was given', async () => {
		const request = { url: OWN, headers: { authorization: 'old', Accept: 'x' } };
		expect(await headersFor(request)).toEqual({ Accept: 'x', Authorization: 'Bearer the-key' });
		expect(request.headers).toEqual({ authorization: 'old', Accept: 'x' });
	});

	test('is signed anew for every request where it is a pair', async () => {
		const pair = {
			provider: 'klingGlobal',
			authType: 'accessKey',
			accessKey: 'AK',
			secretKey: 'SK',
		};
		const headers = await headersFor({ url: `${gateways.klingGlobal.baseUrl}/v1/videos/x` }, pair);
		expect(headers?.Authorization).toMatch(/^Bearer eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
	});

	test('that is missing is said before anything is sent', async () => {
		await expect(headersFor({ url: OWN }, { provider: 'hingnet' })).rejects.toThrow(
			"The 'API Key'",
		);
	});
});

describe('the test', () => {
	const { request, rules = [] } = credential.test;

	/** Evaluates n8n's expression as n8n does, with the credential's fields. */
	function baseUrlFor($credentials: object): unknown {
		const expression = String(request.baseURL).replace(/^=\{\{|\}\}$/g, '');
		return new Function('$credentials', `return ${expression}`)($credentials);
	}

	test.each(Object.keys(gateways).filter((name) => name !== 'custom'))(
		'asks %s at its own address',
		(provider) => {
			const old = { baseUrl: 'https://old.example.com' };
			expect(baseUrlFor({ provider, ...old })).toBe(
				gateways[provider as keyof typeof gateways].baseUrl,
			);
		},
	);

	test.each([
		['whsec_A', 'fewer than 24 bytes'],
		[`whsec_${Buffer.alloc(23).toString('base64')}`, 'fewer than 24 bytes'],
		['a word of my own', 'not the text'],
	])('refuses the signing secret %s, which other requests do not need', async (secret, words) => {
		const data = { provider: 'klingGlobal', apiKey: 'key', callbackSecret: secret };
		const own = { url: `${gateways.klingGlobal.baseUrl}/v1/videos/x` };
		const tested = { baseURL: gateways.klingGlobal.baseUrl, url: String(request.url) };
		await expect(credential.authenticate(data, tested)).rejects.toThrow(words);
		await expect(credential.authenticate(data, own)).resolves.toBeDefined();
	});

	test.each(['', `whsec_${Buffer.alloc(24).toString('base64')}`])(
		'takes the signing secret %j',
		async (callbackSecret) => {
			const data = { provider: 'klingGlobal', apiKey: 'key', callbackSecret };
			const tested = { baseURL: gateways.klingGlobal.baseUrl, url: String(request.url) };
			await expect(credential.authenticate(data, tested)).resolves.toBeDefined();
		},
	);

	test('asks a custom service at the address that is meant by what was pasted', async () => {
		const data = {
			provider: 'custom',
			apiKey: 'key',
			baseUrl: ' gw.example.com/kling/v1/videos/omni-video/ ',
		};
		const options = await credential.authenticate(data, {
			url: String(request.url),
			baseURL: String(baseUrlFor(data)),
		});
		expect(options).toEqual({
			baseURL: 'https://gw.example.com/kling',
			url: '/v1/videos/multi-image2video/n8n-credential-test',
			headers: { Authorization: 'Bearer key' },
		});
	});

	test('says what to paste when the custom address is none', async () => {
		const data = { provider: 'custom', apiKey: 'key', baseUrl: 'kling' };
		await expect(credential.authenticate(data, { url: '/x', baseURL: 'kling' })).rejects.toThrow(
			"'Base URL'",
		);
	});

	test('passes on every status but those with a rule of their own', () => {
		const { ignoreHttpStatusErrors } = request;
		const except = typeof ignoreHttpStatusErrors === 'object' ? ignoreHttpStatusErrors.except : [];
		const ruled = rules
			.filter(({ type }) => type === 'responseCode')
			.map(({ properties }) => properties.value);
		expect(except).toEqual(ruled);
		expect(except).toEqual(expect.arrayContaining([301, 401, 403, 503]));
		for (const passing of [200, 400, 404, 429]) expect(except).not.toContain(passing);
	});

	test('tells a wrong key and an account that is refused by the code, in HTTP 200 and 429', () => {
		const bodies = rules.filter(
			({ properties }) => 'key' in properties && properties.key === 'code',
		);
		const codes = bodies.map(({ properties }) => properties.value);
		expect(codes).toEqual(
			expect.arrayContaining([1000, 1001, 1002, 1003, 1004, 1100, 1101, 1102, 1304, '1002']),
		);
		expect(codes).not.toContain(1203);
	});
});
