// The front by itself: public addresses end at the emulator, everything else is refused and counted.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { ProxyAgent, request } from 'undici';
import { type Emulator, startEmulator } from '../../lab/emulator/emulator.mts';
import { NOTHING_RETIRED } from '../../lab/emulator/settings.mts';
import { makeCertificate } from '../../lab/front/certificate.mts';
import { type Front, startFront } from '../../lab/front/front.mts';

describe('the front', () => {
	let emulator: Emulator;
	let front: Front;
	let agent: ProxyAgent;

	before(async () => {
		emulator = await startEmulator(NOTHING_RETIRED);
		front = await startFront({ emulatorUrl: emulator.url });
		agent = agentFor(front);
	});

	after(async () => {
		await agent?.close();
		await front?.close();
		await emulator?.close();
	});

	const list = async (host: string, path = '') =>
		await request(`https://${host}${path}/v1/videos/multi-image2video?pageSize=1`, {
			dispatcher: agent,
			headers: { authorization: `Bearer ${emulator.keys.apiKey}` },
		});

	for (const [host, path, dialect] of [
		['api-singapore.klingai.com', '', 'official'],
		['api-beijing.klingai.com', '', 'official'],
		['models.hingnet.com.cn', '/kling', 'hingnet'],
		['www.ezmodel.cloud', '/kling', 'ezmodel'],
	] as const) {
		it(`brings ${host}${path} to the ${dialect} dialect`, async () => {
			const before = emulator.calls().length;
			const { statusCode, body } = await list(host, path);
			await body.dump();
			// ezmodel has no list, and says so itself.
			assert.equal(statusCode, dialect === 'ezmodel' ? 404 : 200);
			const call = emulator.calls()[before];
			assert.equal(call?.dialect, dialect);
		});
	}

	it('passes a large body on as it is', async () => {
		const image = Buffer.from('no picture, '.repeat(250_000)).toString('base64');
		const { statusCode, body } = await request(
			'https://api-singapore.klingai.com/v1/videos/multi-image2video',
			{
				method: 'POST',
				dispatcher: agent,
				headers: {
					authorization: `Bearer ${emulator.keys.apiKey}`,
					'content-type': 'application/json',
				},
				body: JSON.stringify({ prompt: 'a boat', image_list: [{ image }] }),
			},
		);
		assert.equal(statusCode, 400);
		assert.match(JSON.stringify(await body.json()), /not readable/);
		assert.ok((emulator.calls().at(-1)?.bodyBytes ?? 0) > image.length);
	});

	it('breaks an answer where the emulator breaks it', async () => {
		const broken = createServer((_, response) => {
			response.writeHead(200, { 'content-length': 1000 });
			response.write('half', () => response.destroy());
		}).listen(0, '127.0.0.1');
		await once(broken, 'listening');
		const { port } = broken.address() as AddressInfo;
		const other = await startFront({ emulatorUrl: `http://127.0.0.1:${port}` });
		const through = agentFor(other);
		await assert.rejects(async () => {
			const { body } = await request('https://api-singapore.klingai.com/', { dispatcher: through });
			await body.text();
		});
		await through.close();
		await other.close();
		broken.close();
	});

	it('serves a further host from the address that it was given', async () => {
		const other = await startFront({
			emulatorUrl: emulator.url,
			also: { 'pictures.example.com': `${emulator.url}/images` },
		});
		const through = agentFor(other);
		const { statusCode, body } = await request('https://pictures.example.com/dog.png', {
			dispatcher: through,
		});
		assert.equal(statusCode, 200);
		assert.equal(Buffer.from(await body.arrayBuffer()).toString('latin1', 1, 4), 'PNG');
		await through.close();
		await other.close();
	});

	it('refuses and remembers every other host, with and without TLS', async () => {
		await assert.rejects(list('example.com'), /403/);
		const plain = await request('http://example.org/x', {
			dispatcher: new ProxyAgent({ uri: front.env.HTTP_PROXY ?? '', proxyTunnel: false }),
		});
		assert.equal(plain.statusCode, 403);
		assert.deepEqual(front.refusedHosts(), ['example.com', 'example.org']);
	});

	it('leaves no file behind', async () => {
		const other = await startFront({ emulatorUrl: emulator.url });
		const file = other.env.NODE_EXTRA_CA_CERTS ?? '';
		assert.ok(existsSync(file));
		await other.close();
		assert.ok(!existsSync(file));
	});

	it('makes a certificate for just its hosts, for a day, signed by itself', () => {
		const made = new X509Certificate(makeCertificate(['a.example', 'b.example']).cert);
		assert.ok(made.verify(made.publicKey));
		assert.ok(made.ca);
		assert.equal(made.subjectAltName, 'DNS:a.example, DNS:b.example');
		assert.equal(made.checkHost('b.example'), 'b.example');
		assert.equal(made.checkHost('c.example'), undefined);
		const days = (made.validToDate.getTime() - Date.now()) / 86_400_000;
		assert.ok(days > 0.9 && days < 1.1);
	});
});

function agentFor({ env }: Front): ProxyAgent {
	const ca = readFileSync(env.NODE_EXTRA_CA_CERTS ?? '', 'utf8');
	return new ProxyAgent({ uri: env.HTTPS_PROXY ?? '', requestTls: { ca } });
}
