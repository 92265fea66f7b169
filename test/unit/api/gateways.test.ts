// The table of services, and what is made of a credential.
import { KlingApiError } from '../../../nodes/Kling/api/errors/error';
import { gateways } from '../../../nodes/Kling/api/gateways';
import { resolveService } from '../../../nodes/Kling/api/service';

const custom = (baseUrl: string, fields: object = {}) =>
	resolveService({ provider: 'custom', baseUrl, apiKey: 'key', ...fields });

function refusalOf(read: () => unknown): KlingApiError {
	try {
		read();
	} catch (thrown) {
		if (thrown instanceof KlingApiError) return thrown;
		throw thrown;
	}
	throw new Error('not refused');
}

describe('the table', () => {
	test('names each row as its provider', () => {
		for (const [name, { provider }] of Object.entries(gateways)) expect(provider).toBe(name);
	});

	test('holds base URLs to which an endpoint can be appended', () => {
		for (const { baseUrl } of Object.values(gateways)) expect(baseUrl).not.toMatch(/\/$/);
	});

	test('knows the model that each service sells today', () => {
		for (const { official, defaultModel } of Object.values(gateways)) {
			expect(defaultModel).toBe(official ? 'kling-v3-omni' : 'kling-v1-6');
		}
	});

	test('never trusts a service that nobody knows', () => {
		expect(custom('https://gw.example.com').gateway).toMatchObject({
			official: false,
			listRoute: 'try',
			externalIdLookUp: 'try',
		});
	});
});

describe('a custom base URL', () => {
	test.each<[string, string]>([
		['https://gw.example.com', 'https://gw.example.com'],
		['https://gw.example.com/', 'https://gw.example.com'],
		['https://gw.example.com/kling///', 'https://gw.example.com/kling'],
		['  https://gw.example.com/kling \n', 'https://gw.example.com/kling'],
		['"https://gw.example.com/kling"', 'https://gw.example.com/kling'],
		['\u200bhttps://gw.example.com/kling\ufeff', 'https://gw.example.com/kling'],
		['gw.example.com/kling', 'https://gw.example.com/kling'],
		['//gw.example.com/kling', 'https://gw.example.com/kling'],
		['https://gw.example.com/kling/v1', 'https://gw.example.com/kling'],
		['https://gw.example.com/kling/v1/', 'https://gw.example.com/kling'],
		['https://gw.example.com/kling/v1/videos', 'https://gw.example.com/kling'],
		['https://gw.example.com/kling/v1/videos/multi-image2video', 'https://gw.example.com/kling'],
		[
			'https://gw.example.com/kling/v1/videos/multi-image2video/123?x=1#y',
			'https://gw.example.com/kling',
		],
		['gw.example.com/kling/v1/videos/multi-image2video?pageNum=1', 'https://gw.example.com/kling'],
		['https://gw.example.com/KLING/V1/Videos/omni-video', 'https://gw.example.com/KLING'],
		[
			'POST https://gw.example.com/kling/v1/videos/multi-image2video',
			'https://gw.example.com/kling',
		],
		['curl -X POST "https://gw.example.com/v1/videos/image2video"', 'https://gw.example.com'],
		['https://gw.example.com/kling/v1/images/generations', 'https://gw.example.com/kling'],
		['https://gw.example.com/v1/proxy/kling', 'https://gw.example.com/v1/proxy/kling'],
		['HTTPS://GW.Example.com/kling', 'https://gw.example.com/kling'],
		['https://gw.example.com:8443/kling', 'https://gw.example.com:8443/kling'],
		['http://127.0.0.1:8080/official', 'http://127.0.0.1:8080/official'],
		['127.0.0.1:8080/official', 'http://127.0.0.1:8080/official'],
		['localhost:8080', 'http://localhost:8080'],
		['http://emulator:8080/kling', 'http://emulator:8080/kling'],
		['http://[::1]:8080/', 'http://[::1]:8080'],
		['https://网关.example.com/kling', 'https://xn--d6q013i.example.com/kling'],
	])('%j stands for %s', (pasted, baseUrl) => {
		expect(custom(pasted).baseUrl).toBe(baseUrl);
	});

	test.each([
		'',
		'   ',
		'https://',
		'sk-1234567890',
		'my gateway',
		'http://a b.com',
		'http://a\nb.com',
		'https://gw.example.com /kling',
		'POST https://a b.com/kling',
		'ftp://gw.example.com',
		'hello',
		'/kling',
		'/v1/videos',
	])('%j is refused, saying what to paste', (pasted) => {
		const { message, facts } = refusalOf(() => custom(pasted));
		expect(facts.category).toBe('input');
		expect(message).toContain("'Base URL'");
		expect(facts.description).toContain('https://api.example.com/kling');
		if (pasted.startsWith('sk-')) expect(message).not.toContain(pasted);
	});

	test('with a password in it is refused', () => {
		expect(refusalOf(() => custom('https://user:pass@gw.example.com')).message).not.toContain(
			'pass@',
		);
	});

	test('of an endpoint that is not Kling’s form is refused', () => {
		const pasted = 'https://aiping.cn/api/v1/multimodal/kling/videos/multi-image2video';
		expect(refusalOf(() => custom(pasted)).facts.category).toBe('input');
	});
});

describe('the fields of the credential', () => {
	test('count only where the form shows them', () => {
		const leftovers = {
			baseUrl: 'https://old.example.com',
			modelField: 'model_name',
		};
		const { baseUrl, gateway } = resolveService({
			provider: 'ezmodel',
			apiKey: 'key',
			...leftovers,
		});
		expect(baseUrl).toBe('https://www.ezmodel.cloud/kling');
		expect(gateway).toMatchObject({ modelField: 'model' });
	});

	test('set the model field of a custom service', () => {
		const { gateway } = custom('gw.example.com', { modelField: 'model' });
		expect(gateway).toMatchObject({
			modelField: 'model',
			baseUrl: 'https://gw.example.com',
		});
	});

	test('take their defaults when n8n has not stored them', () => {
		const { gateway } = custom('gw.example.com', {
			modelField: null,
			callbackSecret: null,
		});
		expect(gateway).toMatchObject({ modelField: 'model_name' });
	});

	test.each([[undefined], [null], ['text'], [{}], [{ provider: 'kling' }]])(
		'%j are no credential',
		(fields) => {
			expect(refusalOf(() => resolveService(fields)).facts.description).toContain("'Provider'");
		},
	);

	test('lack a key: said before anything is sent', () => {
		expect(refusalOf(() => resolveService({ provider: 'klingGlobal' })).facts.category).toBe(
			'auth',
		);
	});

	test('never leave the service they made', () => {
		const service = resolveService({
			provider: 'klingGlobal',
			apiKey: 'Bearer top-secret',
			callbackToken: 'other-secret',
		});
		expect(JSON.stringify(service)).not.toMatch(/secret/);
		expect(service.redact('top-secret and other-secret')).toBe('*** and ***');
	});
});
