// Downloads of all executions and triggers of a process: few at a time, and Stop also ends the wait for a turn.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { IExecuteFunctions, IHttpRequestOptions } from 'n8n-workflow';

import { fetchVideo } from '../../../nodes/Kling/tasks/finish';
import { families } from '../../../nodes/Kling/api/models';
import { SAMPLES } from '../support/downloading';
import { ServiceModel } from '../support/serviceModel';
import { VirtualClock } from '../support/virtualClock';

const video = readFileSync(join(SAMPLES, 'index-last.mp4'));
const noService = new ServiceModel({ clock: new VirtualClock() });

/** A host whose downloads go on until they are let go. */
function host() {
	const links: string[] = [];
	let letGo: () => void = () => undefined;
	const gate = new Promise<void>((resolve) => (letGo = resolve));
	const context = {
		helpers: {
			httpRequest: async ({ url }: IHttpRequestOptions) => {
				links.push(url);
				await gate;
				return { statusCode: 200, headers: {}, body: Readable.from([video]) };
			},
			prepareBinaryData: async (stream: Readable) => {
				for await (const _ of stream);
				return { id: 'stored' };
			},
		},
	} as unknown as IExecuteFunctions;
	const fetch = async (id: string, signal?: AbortSignal) => {
		const videos = [{ url: `https://cdn.example/${id}.mp4` }];
		const task = { id, status: 'succeed' as const, videos };
		return await fetchVideo(context, noService, families.multiImage, task, signal);
	};
	return { links, letGo, fetch };
}

it('A video that may lack something is given out, and the user is told in a hint', async () => {
	const hints: string[] = [];
	const odd = Buffer.concat([video, Buffer.from('\r\n')]);
	const context = {
		helpers: {
			httpRequest: async () => ({ statusCode: 200, headers: {}, body: Readable.from([odd]) }),
			prepareBinaryData: async (stream: Readable) => {
				for await (const _ of stream);
				return { id: 'stored' };
			},
		},
		addExecutionHints: ({ message }: { message: string }) => hints.push(message),
	} as unknown as IExecuteFunctions;
	const videos = [{ url: 'https://cdn.example/1.mp4' }];
	const task = { id: '17', status: 'succeed' as const, videos };
	const result = await fetchVideo(context, noService, families.multiImage, task);
	expect(result).toMatchObject({ kind: 'stored', binary: { id: 'stored' } });
	expect(hints).toEqual([expect.stringContaining('The video of task 17')]);
});

const soon = async () => await new Promise((resolve) => setTimeout(resolve, 20));

describe('the videos of a whole process', () => {
	it('are downloaded five at a time, and all of them in the end', async () => {
		const { links, letGo, fetch } = host();
		const all = Promise.all(Array.from({ length: 40 }, async (_, n) => await fetch(String(n))));
		await soon();
		expect(links).toHaveLength(5);
		letGo();
		expect((await all).map(({ kind }) => kind)).toEqual(Array(40).fill('stored'));
		expect(links).toHaveLength(40);
	});

	it('are not waited for after Stop, and one that was still in line is never begun', async () => {
		const { links, letGo, fetch } = host();
		const others = Promise.all(['1', '2', '3', '4', '5'].map(async (id) => await fetch(id)));
		await soon();
		const stop = new AbortController();
		const stopped = fetch('6', stop.signal);
		await soon();
		stop.abort();
		expect(await stopped).toMatchObject({ kind: 'failed', why: 'stopped' });
		letGo();
		await others;
		await soon();
		expect(links).toHaveLength(5);
	});
});
