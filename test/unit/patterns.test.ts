// No text that a stranger sends holds n8n up: every search of the package takes time in proportion to the text.
import { cleanKey } from '../../nodes/Kling/api/auth';
import { resolveService } from '../../nodes/Kling/api/service';
import { parseJson } from '../../nodes/Kling/api/reply/json';
import { sanitize } from '../../nodes/Kling/api/sanitize';
import { families } from '../../nodes/Kling/api/models';
import { readCallback } from '../../nodes/Kling/callbacks/read';
import { answered, clientOf } from './api/oneAnswer';
import { hardTexts, patternsOfThePackage, textOfLength } from './support/patterns';
import { cpuMs } from './support/cpuTime';

const KILO = 1024;

/** The shortest of several measurements, so that a busy machine does not count. */
function millisecondsOf(work: () => void, enoughMs: number): number {
	let shortest = Infinity;
	for (let round = 0; round < 5 && shortest > enoughMs; round++) {
		const startedAt = cpuMs();
		work();
		shortest = Math.min(shortest, cpuMs() - startedAt);
	}
	return shortest;
}

/** All that a pattern does anywhere: it is searched for from the start to the end of the text. */
function search(pattern: RegExp, text: string): void {
	const flags = pattern.flags.includes('g') ? pattern.flags : `${pattern.flags}g`;
	text.replace(new RegExp(pattern.source, flags), '');
}

/** What is wrong with the time that a search takes, or undefined. */
function slowness(searchIn: (length: number) => () => void): string | undefined {
	// Short texts first: a search that is out of proportion would hold the test for minutes otherwise.
	for (const [kilobytes, limitMs] of [
		[1, 40],
		[4, 40],
		[16, 40],
		[64, 80],
	] as const) {
		const took = millisecondsOf(searchIn(kilobytes * KILO), limitMs);
		if (took > limitMs) return `${took.toFixed(0)} ms for ${kilobytes} kB`;
	}
	const long = millisecondsOf(searchIn(1024 * KILO), 400);
	if (long <= 400) return undefined;
	const short = millisecondsOf(searchIn(256 * KILO), 0);
	const isInProportion = long <= 12 * short;
	return isInProportion
		? undefined
		: `${short.toFixed(0)} ms for 256 kB, ${long.toFixed(0)} ms for 1 MB`;
}

const patterns = patternsOfThePackage();

test('the patterns of the package are found', () => {
	expect(patterns.length).toBeGreaterThan(50);
});

test.each(patterns.map(({ place, pattern }) => [place, pattern] as const))(
	'the pattern of %s searches a hostile text of 1 MB in proportion to its length',
	(_, pattern) => {
		const slow = hardTexts(pattern).flatMap((hard) => {
			const found = slowness((length) => {
				const text = textOfLength(hard, length);
				return () => search(pattern, text);
			});
			return found === undefined ? [] : [{ ...hard, found }];
		});
		expect(slow).toEqual([]);
	},
);

const { multiImage } = families;
const create = async (status: number, body: unknown) => {
	await clientOf('custom', answered(status, body), { baseUrl: 'gw.example.com' }).client.create(
		multiImage,
		'{}',
	);
};
const callback = (body: object) => readCallback(Buffer.from(JSON.stringify(body)));

/** The ways on which a stranger's text comes in. */
const entrances: Record<string, (text: string) => unknown> = {
	'what the network said': (text) => sanitize(text),
	'a key': (text) => cleanKey(text),
	'a base URL': (text) => {
		try {
			return resolveService({ provider: 'custom', apiKey: 'k', baseUrl: `http://a.b/${text}` });
		} catch (thrown) {
			return thrown;
		}
	},
	'text that should be JSON': (text) => parseJson(`${text}1234567890123456`),
	'a JSON text': (text) => parseJson(JSON.stringify([text, 1234567890123456])),
	'the message of a refusal': (text) => create(400, { code: 'x', message: text }),
	'the code of a refusal': (text) => create(400, { code: text, message: 'm' }),
	'a message within a message': (text) =>
		create(500, { error: { message: `x {"error":{"code":"${text}"}}` } }),
	'a web page': (text) => create(502, text),
	'the reply to a submit': (text) =>
		create(200, { code: 0, data: { task_id: text, task_status: text, created_at: text } }),
	'the reason of a callback': (text) =>
		callback({ task_id: '1', task_status: 'failed', task_status_msg: text }),
	'the times and links of a callback': (text) =>
		callback({ task_id: '1', task_status: text, created_at: text, url: text }),
	'the id of a callback': (text) => callback({ task_id: text, task_status: 'succeed' }),
};

const hostileUnits = [
	'eyJ-',
	'eyJaaaa.',
	'sk-',
	'Bearer ',
	'authorization=',
	'并发',
	'resource pack',
	'task',
	'connection',
	'external_task_id ',
	'"',
	'\\"',
	'{',
	'{"error":',
	'[',
	' ',
	'\n',
	'/',
	'/v1/videos/',
	'\u200b',
	'9',
	'-',
];

test.each(Object.entries(entrances))(
	'%s of 1 MB takes a moment, whatever it says',
	async (_, enter) => {
		const slow: string[] = [];
		for (const unit of hostileUnits) {
			for (const kilobytes of [4, 64, 1000]) {
				const text = unit.repeat(Math.ceil((kilobytes * KILO) / unit.length));
				let took = Infinity;
				for (let round = 0; round < 4 && took > 500; round++) {
					const startedAt = cpuMs();
					await enter(text);
					took = Math.min(took, cpuMs() - startedAt);
				}
				if (took > 500) slow.push(`${took.toFixed(0)} ms for ${kilobytes} kB of ${unit}`);
				if (took > 500) break;
			}
		}
		expect(slow).toEqual([]);
	},
);

test('a reply of any length is read or refused, and never thrown over', async () => {
	for (const length of [7_900_000, 20_000_000]) {
		for (const unit of ['\\n', 'a', '[']) {
			const long = unit.repeat(length / unit.length);
			const text = `{"code":0,"data":{"task_id":1234567890123456789,"x":"${long}"}}`;
			await expect(create(200, text)).resolves.toBeUndefined();
		}
	}
});
