// Every kind of refusal, run in the editor: what the output panel says about it, and what it advises to do next.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Editor } from '../../lab/browser/editor.mts';
import { record } from '../../lab/browser/pictures.mts';
import type { FaultRule } from '../../lab/emulator/faults/rules.mts';
import {
	inLine,
	items,
	kling,
	manualTrigger,
	workflow,
	type WorkflowNode,
} from '../../lab/instance/workflows.mts';
import type { Preset } from '../e2e/stage.mts';
import { IMAGES_URL, openEditor, type EditorStage } from './stage.mts';

interface Case {
	/** Also the name of its node. */
	name: string;
	/** The provider of the credential. Default: Kling itself. */
	provider?: Preset;
	/** Fields of a credential of its own. */
	credential?: Record<string, unknown>;
	faults?: FaultRule[];
	/** What differs from a submit that works. */
	parameters?: Record<string, unknown>;
	/** How many input items. Default: 1. */
	items?: number;
	/** What the service said: not our words. */
	theirs?: RegExp;
	says: RegExp;
	next: RegExp;
}

const WRONG_KEY = 'api-key-kling-of-somebody-else';
const image = (name: string) => ({ source: 'url', url: `${IMAGES_URL}/${name}` });
const images = (...names: string[]) => ({ images: { image: names.map(image) } });
const model = (value: string) => ({ model: { __rl: true, mode: 'id', value } });
const prompt = (text: string, options: Record<string, unknown> = {}) => ({
	prompt: `The dog runs ${text}`,
	options: { waitUsing: 'poll', pollIntervalSeconds: 1, ...options },
});
/** One of Kling's codes, as the gateway words it. */
const code = (number: number, message?: string, retryAfter?: number): FaultRule[] => [
	{ kind: 'code', code: number, message, retryAfter, on: { call: 'create' } },
];
/** A gateway's own answer to a submit. */
const answer = (status: number, body?: unknown): FaultRule[] => [
	{ kind: 'http', status, body, on: { call: 'create' } },
];
const get = (value: string) => ({
	operation: 'get',
	taskId: { __rl: true, mode: 'id', value },
});

const CHANGE_CONTENT =
	/^Reword the prompt or use other images, then run again\. The check belongs to the service/;
const CHECK_KEY =
	/^Check the key in the Kling API credential, and that it belongs to the chosen 'Provider'\./;
const IMAGE_SIZE = /at most 10 MB, at least 300 pixels on each side, .*'Download Images First'/;
const NOTHING_SENT = /^Nothing was sent and nothing was paid for\. /;

const cases: Case[] = [
	{
		name: 'key of another region',
		credential: { provider: 'klingChina', authType: 'apiKey', apiKey: WRONG_KEY },
		says: /^The key is not valid here \(code 1002\): api key not found$/,
		next: /'Provider'\. A key of Kling's global service works with 'Kling AI \(Global\)' only/,
	},
	{
		name: 'secret key of another pair',
		credential: {
			provider: 'klingGlobal',
			authType: 'accessKey',
			accessKey: 'emulator-access-key',
			secretKey: WRONG_KEY,
		},
		says: /^The key was not accepted \(code 1000\): signature is invalid$/,
		next: /An access key goes with its own secret key\.$/,
	},
	{
		name: 'key lost on the way',
		faults: code(1001),
		says: /^The key did not reach the service \(code 1001\)/,
		next: /check that no proxy takes the Authorization header away/,
	},
	{
		name: 'token of a slow clock',
		faults: code(1004),
		says: /^The signed token has expired \(code 1004\)/,
		next: /^Check the clock of the machine that runs n8n, then run again\.$/,
	},
	{
		name: 'token of a fast clock',
		faults: code(1003),
		says: /^The signed token is not valid yet \(code 1003\)/,
		next: /^Check the clock of the machine that runs n8n, then run again\.$/,
	},
	{
		name: 'account blocked',
		faults: code(1100),
		says: /^The account is not in a normal state \(code 1100\)/,
		next: /^Check the account in the provider's console\.$/,
	},
	{
		name: 'account in arrears',
		faults: code(1101),
		says: /^The account is in arrears \(code 1101\)/,
		next: /^Settle the bill in the provider's console, then run again\.$/,
	},
	{
		name: 'resource pack used up',
		faults: code(1102, 'Account balance not enough'),
		says: /^The resource pack is used up or has expired \(code 1102\): Account balance not enough$/,
		next: /^Buy a pack in the provider's console, or switch on post-payment there, then run again\.$/,
	},
	{
		name: 'model not for this account',
		faults: code(1103),
		says: /^This account may not use the model or endpoint \(code 1103\)/,
		next: /^Set 'Model' to Automatic, or pick a model that the account may use\.$/,
	},
	{
		name: 'request not accepted',
		faults: code(1200),
		says: /^The service did not accept the request \(code 1200\)/,
		next: /^Change what the service's words name: often an image /,
	},
	{
		name: 'parameter not accepted',
		faults: code(1201, "duration value '99' is invalid"),
		says: /^The service did not accept a parameter \(code 1201\): duration value '99' is invalid$/,
		next: /^Change what the service's words name: .* a field's value/,
	},
	{
		name: 'no such endpoint',
		faults: code(1202),
		says: /^The service has no such endpoint \(code 1202\)/,
		next: /^Check the 'Provider' of the credential, with Custom its 'Base URL', or pick another 'Model'/,
	},
	{
		name: 'unknown model',
		parameters: model('kling-v9-omni'),
		says: /^The service knows no such model or task \(code 1203\): model_name value 'kling-v9-omni'/,
		next: /^Set 'Model' to Automatic, or pick a model that the provider sells to this account/,
	},
	{
		name: 'retired model',
		parameters: model('kling-v1-6'),
		says: /^The service knows no such model or task \(code 1203\): model_name value 'kling-v1-6'/,
		next: /retired on 2026-09-15.*Set 'Model' to Automatic/,
	},
	{
		name: 'link that leads nowhere',
		parameters: images('no-such-picture.png'),
		says: /^The service did not accept an image \(code 1201\): Failed to download image, HTTP 404$/,
		next: /^It is about Image 1 \(https:\/\/images\.example\.com\/images\/no-such-picture\.png\)\. Open the image's link .*'Download Images First'/,
	},
	{
		name: 'one of two links',
		parameters: images('dog.png', 'no-such-picture.png'),
		says: /^The service did not accept an image \(code 1201\): Failed to download image/,
		next: /^It is about one of these: Image 1 \(.*dog\.png\); Image 2 \(.*no-such-picture\.png\)\. /,
	},
	{
		name: 'image too small',
		parameters: images('too-small.png'),
		says: /^The service did not accept an image \(code 1201\): Image pixel is invalid/,
		next: IMAGE_SIZE,
	},
	{
		name: 'image too large',
		parameters: images('huge.png'),
		says: /^The service did not accept an image \(code 1201\): Image size exceeds 10MB$/,
		next: IMAGE_SIZE,
	},
	{
		name: 'image of another format',
		parameters: images('picture.webp'),
		says: /^The service did not accept an image \(code 1201\): Image format webp is not supported$/,
		next: /^It is about Image 1 \(.*picture\.webp\)\. Convert the image to JPG or PNG/,
	},
	{
		name: 'image that is none',
		parameters: images('not-an-image.png'),
		says: /^The service did not accept an image \(code 1201\): Image file is not readable$/,
		next: /^It is about Image 1 \(.*not-an-image\.png\)\. Convert the image to JPG or PNG/,
	},
	{
		name: 'platform policy',
		faults: code(1300),
		says: /^The platform's policy does not allow this \(code 1300\)/,
		next: CHANGE_CONTENT,
	},
	{
		name: 'content check',
		faults: code(1301),
		says: /^The content check refused the prompt or an image \(code 1301\)/,
		next: CHANGE_CONTENT,
	},
	{
		name: 'content check of three items',
		faults: code(1301),
		items: 3,
		says: /^The content check refused .* \[item 0\] \(and 2 more items\)$/,
		next: CHANGE_CONTENT,
	},
	{
		name: 'too many requests',
		faults: code(1302),
		parameters: prompt('', { maxWaitMinutes: 0.02 }),
		says: /^Kling AI \(Global\) was busy for 0\.02 minutes: too many requests, or as many running tasks as the plan allows$/,
		next: NOTHING_SENT,
	},
	{
		name: 'too many tasks',
		faults: code(1303),
		parameters: prompt('', { maxWaitMinutes: 0.02 }),
		says: /^Kling AI \(Global\) was busy for 0\.02 minutes/,
		next: /Raise 'Max Wait \(Minutes\)', lower the number of items, or try again/,
	},
	{
		name: 'busy for ten minutes',
		faults: code(1303, undefined, 600),
		parameters: prompt('', { maxWaitMinutes: 5 }),
		says: /^Kling AI \(Global\) is busy and asked to wait 10 minutes, longer than 'Max Wait \(Minutes\)' allows \(5\)$/,
		next: NOTHING_SENT,
	},
	{
		name: 'address not allowed',
		faults: code(1304),
		says: /^The account's IP allow-list does not hold this address \(code 1304\)/,
		next: /^Add the public address of this n8n to the list in the provider's console/,
	},
	{
		name: 'code that nobody knows',
		faults: code(1999, 'Something new'),
		says: /^The service did not accept the request \(code 1999\): Something new$/,
		next: /^Change what the service's words name/,
	},
	{
		name: 'payment asked for',
		faults: answer(402),
		says: /^The service asks for payment \(HTTP 402/,
		next: /^Add credit in the provider's console, then run again\.$/,
	},
	{
		name: 'firewall',
		faults: [{ kind: 'html', status: 403, on: { call: 'create' } }],
		says: /^The service does not allow this request \(HTTP 403, a web page\)$/,
		next: /^Check what the key and the account may use, and that no firewall stands between/,
	},
	{
		name: 'request too large',
		faults: answer(413),
		says: /^The request is too large for the service \(HTTP 413/,
		next: /^Send smaller images, or give URLs\.$/,
	},
	{
		name: 'redirect',
		faults: answer(301),
		says: /^The service points to another address, and the request was not sent on \(HTTP 301/,
		next: /^Check the 'Provider' of the credential, with Custom its 'Base URL'/,
	},
	{
		name: 'host that does not answer',
		credential: {
			provider: 'custom',
			baseUrl: 'http://127.0.0.1:9',
			authType: 'apiKey',
			apiKey: WRONG_KEY,
		},
		says: /^The service could not be reached \(.*ECONNREFUSED 127\.0\.0\.1:9\)$/,
		next: /^Nothing was sent and nothing was paid for\. Check the 'Provider' /,
	},
	{
		name: 'task refused by risk control',
		parameters: prompt('[lifetime 1s] [fail: Failure to pass the risk control system]'),
		theirs: /Failure to pass the risk control system/,
		says: /^Kling ended task \d+ without a video: Failure to pass the risk control system$/,
		next: CHANGE_CONTENT,
	},
	{
		name: 'task without the right pixels',
		parameters: prompt('[lifetime 1s] [fail: Image pixel is invalid]'),
		says: /^Kling ended task \d+ without a video: Image pixel is invalid$/,
		next: IMAGE_SIZE,
	},
	{
		name: 'task that the service lost',
		parameters: prompt('[lifetime 1s] [fail: Internal generation failure]'),
		theirs: /Internal generation failure/,
		says: /^Kling ended task \d+ without a video: Internal generation failure$/,
		next: /then submit again\. A new run makes, and bills, a new task\.$/,
	},
	{
		name: 'video not ready in time',
		parameters: prompt('[lifetime 1h]', { maxWaitMinutes: 0.05 }),
		says: /^Task \d+ was not finished within 0\.05 minutes\. Last response: submitted$/,
		next: /^The task goes on at the service and is not lost: collect the video with Get Task and the ID \d+/,
	},
	{
		name: 'key withdrawn during the wait',
		faults: [
			{ kind: 'code', code: 1002, on: { call: 'get' } },
			{ kind: 'code', code: 1002, on: { call: 'list' } },
		],
		parameters: prompt('[lifetime 5s]'),
		says: /^Task \d+ can no longer be retrieved: The key is not valid here \(code 1002\)/,
		next: /Then collect the video with Get Task and the ID \d+\.$/,
	},
	{
		name: 'video that is a web page',
		faults: [{ kind: 'download-html' }],
		parameters: prompt('[lifetime 1s]'),
		says: /^The video of task \d+ was not downloaded: the link leads to a web page, not to an MP4 file$/,
		next: /'Get Task' with the ID \d+ and 'Download Video' collects it without paying again\.$/,
	},
	{
		name: 'video that is gone',
		faults: [{ kind: 'download-http', status: 404 }],
		parameters: prompt('[lifetime 1s]'),
		says: /^The video of task \d+ was not downloaded: the link was answered with status 404$/,
		next: /^Result links live 30 days, and 'Get Task' with the ID \d+ gives a new one/,
	},
	{
		name: 'unknown task',
		parameters: get('1234567890'),
		says: /^Task 1234567890 was not found$/,
		next: /^Check the ID, and that the credential belongs to the account/,
	},
	{
		name: 'maintenance',
		faults: [{ kind: 'code', code: 5001, on: { call: 'get' } }],
		parameters: get('1234567890'),
		says: /^Task 1234567890 could not be looked up: The service is being maintained \(code 5001\)/,
		next: /^Try again later\.$/,
	},
	{
		name: 'web page in place of a task',
		faults: [{ kind: 'html', on: { call: 'get' } }],
		parameters: get('1234567890'),
		says: /^Task 1234567890 could not be looked up: The answer is not a Kling reply \(HTTP 200, a web page\)$/,
		next: /^Check the 'Provider' of the credential, .* a proxy or firewall may also have answered/,
	},
	// The gateways' own words.
	{
		name: 'Hingnet key',
		credential: { provider: 'hingnet', authType: 'apiKey', apiKey: WRONG_KEY },
		says: /^The gateway did not accept the key: 无效的令牌/,
		next: CHECK_KEY,
	},
	{
		name: 'Hingnet check of the request',
		provider: 'hingnet',
		faults: answer(400, { code: 400, message: 'image_list是必填参数', request_id: '' }),
		says: /^The service did not accept the request \(code 400\): image_list是必填参数$/,
		next: /^Change what the service's words name/,
	},
	{
		name: 'Hingnet content check',
		provider: 'hingnet',
		faults: code(1301),
		theirs: /Provider API error/,
		says: /^The content check refused the prompt or an image \(code 1301\)/,
		next: CHANGE_CONTENT,
	},
	{
		name: 'EzModel key',
		credential: { provider: 'ezmodel', authType: 'apiKey', apiKey: WRONG_KEY },
		says: /^The gateway did not accept the key: 无效的令牌$/,
		next: CHECK_KEY,
	},
	{
		name: 'EzModel balance',
		provider: 'ezmodel',
		faults: answer(403, { code: 'quota_not_enough', message: 'user quota is not enough' }),
		says: /^The credit at the gateway is used up \(code quota_not_enough\): user quota is not enough$/,
		next: /^Add credit in the gateway's console, then run again\.$/,
	},
	{
		name: 'EzModel request that it cannot build',
		provider: 'ezmodel',
		faults: answer(500, { code: 'build_request_failed', message: 'prompt is required' }),
		says: /^The gateway did not accept the request \(code build_request_failed\): prompt is required$/,
		next: /^Change what the service's words name/,
	},
	{
		name: 'EzModel without a channel',
		provider: 'ezmodel',
		faults: answer(503, {
			error: {
				message: '当前分组 default 下对于模型 kling-v1-6 无可用渠道',
				type: 'new_api_error',
				code: 'model_not_found',
			},
		}),
		says: /^The gateway does not offer this model to the account \(code model_not_found\)/,
		next: /Model/,
	},
	{
		name: 'EzModel content check',
		provider: 'ezmodel',
		faults: [{ kind: 'code', code: 1301, insideOk: true, on: { call: 'create' } }],
		says: /content check refused the prompt or an image/,
		next: CHANGE_CONTENT,
	},
	{
		name: 'EzModel retired model',
		provider: 'ezmodel',
		faults: code(1203, "model_name value 'kling-v1-6' is invalid or not supported"),
		says: /^The service knows no such model or task \(code 1203\)/,
		next: /Model/,
	},
	{
		name: 'EzModel overloaded',
		provider: 'ezmodel',
		faults: code(1303),
		parameters: prompt('', { maxWaitMinutes: 0.02 }),
		says: /^EzModel was busy for 0\.02 minutes/,
		next: NOTHING_SENT,
	},
	{
		name: 'EzModel answer that is lost',
		provider: 'ezmodel',
		faults: answer(502),
		says: /^EzModel did not say whether it made the task: one may exist, and be billed, under the external task ID \S+$/,
		next: /^Look for this ID in the service's own task list before you submit it again\./,
	},
	{
		name: 'EzModel list',
		provider: 'ezmodel',
		parameters: { operation: 'list' },
		says: /^EzModel cannot list tasks$/,
		next: /^Use Get Task with the ID of each task/,
	},
	{
		name: 'EzModel key of a task that is taken',
		provider: 'ezmodel',
		faults: [{ kind: 'duplicate', on: { call: 'create' } }],
		parameters: { additionalFields: { externalTaskId: 'order-4711' } },
		says: /^EzModel says that a task with the external task ID order-4711 exists already/,
		next: /^Nothing new was paid for\./,
	},
	{
		name: 'CometAPI key',
		credential: { provider: 'cometapi', authType: 'apiKey', apiKey: WRONG_KEY },
		says: /^The gateway did not accept the key: Invalid token$/,
		next: CHECK_KEY,
	},
	{
		name: 'CometAPI link that leads nowhere',
		provider: 'cometapi',
		parameters: images('no-such-picture.png'),
		says: /^The service did not accept an image \(code 1201\): Failed to download image, HTTP 404$/,
		next: /^It is about Image 1 /,
	},
	{
		name: 'CometAPI access',
		provider: 'cometapi',
		faults: answer(403, {
			error: {
				message: 'This token has no access to model kling-v1-6',
				type: 'comet_api_error',
				code: 'access_denied',
			},
		}),
		says: /^The gateway does not allow this to the key \(code access_denied\)/,
		next: /Model/,
	},
];

let stage: EditorStage;
let editor: Editor;

before(async () => {
	stage = await openEditor();
	({ editor } = stage);
	await editor.open(await saveAll());
});
after(async () => await stage.close());

/** One workflow with a node for each case, so that the editor is loaded once. */
async function saveAll(): Promise<string> {
	const start = manualTrigger();
	const one = items([{ json: {} }], 'One Item');
	const three = items([{ json: {} }, { json: {} }, { json: {} }], 'Three Items');
	const nodes: WorkflowNode[] = [];
	for (const [index, each] of cases.entries()) {
		const credential =
			each.credential === undefined
				? await stage.preset(each.provider ?? 'klingGlobal')
				: await stage.client.createCredential(each.name, 'klingApi', each.credential);
		const parameters = { ...images('dog.png'), prompt: 'The dog runs', ...each.parameters };
		const position: [number, number] = [500 + (index % 8) * 240, Math.floor(index / 8) * 160];
		nodes.push({ ...kling(parameters, credential, { name: each.name }), position });
	}
	const wires = [
		...inLine(start, one),
		...inLine(start, three),
		...cases.map((each) => ({ from: each.items === 3 ? three.name : one.name, to: each.name })),
	];
	const json = workflow([start, one, three], { wires });
	const { id } = await stage.client.createWorkflow({ ...json, nodes: [...json.nodes, ...nodes] });
	return id;
}

/** Executes the open node, and closes it whatever comes of it: the next case opens another. */
async function seeRefusal(picture: string): Promise<{ message: string; nextStep: string }> {
	try {
		await editor.execute();
		const refusal = await editor.refusal();
		await editor.dismissNotices();
		await record(editor.page, picture);
		return refusal;
	} finally {
		await editor.closeNode();
	}
}

describe('A refusal in the output panel', { timeout: 900_000 }, () => {
	for (const [index, { name, faults = [], theirs = /$^/, says, next }] of cases.entries()) {
		it(`reads well: ${name}`, async () => {
			stage.emulator.reset();
			for (const fault of faults) stage.emulator.faults.add(fault);
			await editor.openNode(name);
			const { message, nextStep } = await seeRefusal(
				`${String(index + 1).padStart(2, '0')}-${name.replaceAll(' ', '-')}`,
			);
			await editor.clearExecution();
			assert.match(message, says);
			assert.match(nextStep, next);
			const ours = message.replace(theirs, '') + nextStep.replace(theirs, '');
			assert.doesNotMatch(ours, /\b(errors?|problems?|failures?|mistakes?)\b/i);
			assert.doesNotMatch(ours, new RegExp(`${WRONG_KEY}|${stage.emulator.keys.apiKey}`));
		});
	}
});
