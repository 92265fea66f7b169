// What only a submit shows: makes exactly one video, the shortest, and watches it to its end.
import { createHash, randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import type { TaskSnapshot } from '../../nodes/Kling/api/client.ts';
import type { Family, ModelRow } from '../../nodes/Kling/api/models.ts';
import type { Built } from './built.mts';
import { receiveCallbacks, type Receiver } from './callbacks.mts';
import type { Findings } from './findings.mts';
import { note, said } from './free.mts';
import type { ProbedService, Target } from './service.mts';
import { familyOfShape, timeUnitOf } from './shape.mts';

export interface Paid {
	built: Built;
	target: Target;
	model: ModelRow;
	findings: Findings;
	redact: (text: string) => string;
	/** The public address that leads to `callbackPort` of this machine. */
	callbackUrl?: string;
	callbackPort: number;
	/** Milliseconds between two looks at the task. */
	pollMs: number;
	/** The folder that the video is written to. */
	saveTo: string;
}

const SAMPLES = join(import.meta.dirname, '..', 'emulator', 'samples', 'images');
const LONGEST_WAIT_MS = 30 * 60_000;
/** A notice of the end may be later than the record. */
const LAST_NOTICE_MS = 5_000;

/** Makes the video. Sends one submit that can be billed, and never sends it again. */
export async function probePaid(paid: Paid, service: ProbedService): Promise<void> {
	const { findings, callbackUrl } = paid;
	const receiver =
		callbackUrl === undefined ? undefined : await receiveCallbacks(paid.callbackPort);
	try {
		const externalId = `probe-${randomUUID()}`;
		const submitted = await submit(paid, service, externalId);
		if (submitted === undefined) return;
		await lookUpAtOnce(paid, service, externalId, submitted.task.id);
		await repeat(paid, service, externalId);
		const finished = await watch(paid, service, submitted.task.id);
		if (finished === undefined) return;
		await examine(paid, finished);
		await callbacks(paid, receiver, submitted.task.id, externalId);
	} finally {
		await receiver?.close();
		if (receiver === undefined) findings.add('Callback', 'open', 'needs --callback-url');
	}
}

async function submit(
	paid: Paid,
	service: ProbedService,
	externalId: string,
): Promise<TaskSnapshot | undefined> {
	const { model, findings } = paid;
	const body = await bodyOf(paid, externalId, 'dog.png');
	const before = Date.now();
	const outcome = await service.client.create(model.family, body);
	note(paid, service, 'submit');
	if (outcome.kind === 'accepted') {
		const { id } = outcome.task;
		findings.found.modelFieldTaken = true;
		findings.add('Submit', 'yes', `accepted after ${Date.now() - before} ms, task ${id}`);
		return outcome;
	}
	findings.add(
		'Submit',
		'no',
		`${outcome.kind}: ${outcome.error.message} ${outcome.error.facts.description}`,
	);
	if (outcome.kind === 'refused') findings.found.modelFieldTaken = false;
	if (outcome.kind === 'unknown') {
		findings.add('Submit', 'open', `a task may exist under the external task ID ${externalId}`);
	}
	return undefined;
}

async function lookUpAtOnce(
	{ model, findings }: Paid,
	{ client }: ProbedService,
	externalId: string,
	id: string,
): Promise<void> {
	const outcome = await client.fetch(model.family, externalId, { externalId });
	const isFound = outcome.kind === 'found';
	if (isFound) findings.found.externalIdLookUp = 'found';
	// A gateway without the look-up has nothing to be late with.
	if (isFound || findings.found.externalIdLookUp === 'found') findings.found.foundAtOnce = isFound;
	const words = isFound ? 'finds the new task' : `does not find the new task: ${said(outcome)}`;
	findings.add('External task ID at once', isFound ? 'yes' : 'note', words);
	const byId = await client.fetch(model.family, id);
	if (byId.kind === 'missing' || byId.kind === 'refused') {
		findings.add('Task ID at once', 'no', said(byId));
	}
}

/** Repeats the external ID with an image too small to become a video, so that this cannot be a second one. */
async function repeat(paid: Paid, service: ProbedService, externalId: string): Promise<void> {
	const { model, findings } = paid;
	const body = await bodyOf(paid, externalId, 'too-small.png');
	const outcome = await service.client.create(model.family, body);
	note(paid, service, 'submit, repeated external task ID');
	const topic = 'Repeated external task ID';
	if (outcome.kind === 'taken') {
		findings.found.repeatRefused = true;
		findings.add(topic, 'yes', `is refused as taken: ${outcome.error.message}`);
	} else if (outcome.kind === 'accepted') {
		findings.found.repeatRefused = false;
		const words = `is accepted, as task ${outcome.task.id}, with an image that is too small`;
		findings.add(topic, 'no', words);
	} else {
		findings.add(topic, 'open', `is refused for another reason: ${outcome.error.message}`);
	}
}

async function watch(
	paid: Paid,
	service: ProbedService,
	id: string,
): Promise<TaskSnapshot | undefined> {
	const { model, findings, pollMs } = paid;
	const started = Date.now();
	const seen: string[] = [];
	while (Date.now() - started < LONGEST_WAIT_MS) {
		await sleep(pollMs);
		const outcome = await service.client.fetch(model.family, id);
		if (outcome.kind !== 'found') {
			if (seen.at(-1) !== outcome.kind) findings.add('Poll', 'note', said(outcome));
			seen.push(outcome.kind);
			continue;
		}
		const { status } = outcome.task;
		if (!seen.includes(status)) note(paid, service, `get, ${status}`);
		seen.push(status);
		if (status !== 'succeed' && status !== 'failed') continue;
		const seconds = Math.round((Date.now() - started) / 1000);
		const words = [...new Set(seen)].join(', then ');
		findings.add('End', status === 'succeed' ? 'yes' : 'no', `${words}, after ${seconds} s`);
		shapeFacts(paid, service);
		return outcome;
	}
	findings.add('End', 'open', `task ${id} has not ended after 30 minutes; Get Task collects it`);
	return undefined;
}

function shapeFacts({ findings }: Paid, { last }: ProbedService): void {
	const answer = last();
	if (answer?.kind !== 'answered') return;
	findings.add('Shape of a finished task', 'note', familyOfShape(answer.body));
	const unit = timeUnitOf(answer.body);
	findings.add('Times', unit === undefined ? 'open' : 'note', unit ?? 'there are none');
}

async function examine({ findings, model, saveTo }: Paid, { task }: TaskSnapshot): Promise<void> {
	const { id, status, reason, unitDeduction, createdAt, videos } = task;
	if (createdAt !== undefined) {
		const minutes = Math.round((Date.now() - createdAt) / 60_000);
		const isPlausible = Math.abs(minutes) <= 60;
		findings.add('Created', isPlausible ? 'yes' : 'no', `${minutes} minutes ago by the service`);
	}
	findings.add(
		'Deduction',
		unitDeduction === undefined ? 'note' : 'yes',
		unitDeduction ?? 'not told',
	);
	if (status === 'failed') {
		findings.add('Video', 'no', `the task failed: ${reason ?? 'no reason was given'}`);
		return;
	}
	const [video] = videos;
	if (video === undefined) {
		findings.add('Video', 'no', 'the finished task has no link');
		return;
	}
	findings.found.watermarkKept = video.watermarkUrl !== undefined;
	const length = video.durationSeconds;
	findings.add(
		'Video',
		'yes',
		`${length ?? 'unknown'} s long, ${model.durations[0]} s were asked for`,
	);
	await download(findings, video.url, join(saveTo, `probe-${safe(id)}.mp4`));
}

/** Fetches the video without the key, as the node does. */
async function download(findings: Findings, url: string, file: string): Promise<void> {
	try {
		const answer = await request(url, { method: 'GET' });
		const bytes = Buffer.from(await answer.body.arrayBuffer());
		const isMp4 = bytes.subarray(4, 8).toString('latin1') === 'ftyp';
		await writeFile(file, bytes);
		const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
		const type = String(answer.headers['content-type'] ?? 'no content type');
		const words = `HTTP ${answer.statusCode}, ${type}, ${bytes.length} bytes (${digest}), written to ${file}`;
		findings.add('Download without the key', isMp4 ? 'yes' : 'no', words);
	} catch (thrown) {
		const words = thrown instanceof Error ? thrown.message : String(thrown);
		findings.add('Download without the key', 'no', `${words}; the link is ${url}`);
	}
}

async function callbacks(
	{ findings, pollMs }: Paid,
	receiver: Receiver | undefined,
	id: string,
	externalId: string,
): Promise<void> {
	if (receiver === undefined) return;
	const deadline = Date.now() + Math.max(LAST_NOTICE_MS, pollMs);
	const isEnd = (status = '') => /^succe|^complete|^fail/i.test(status);
	while (Date.now() < deadline && !receiver.received().some(({ status }) => isEnd(status))) {
		await sleep(100);
	}
	const received = receiver.received();
	const [first] = received;
	if (first === undefined) {
		findings.add('Callback', 'no', 'none came; does the address lead to this machine?');
		return;
	}
	const statuses = received.map(({ status }) => status ?? 'no status').join(', ');
	const ids = [
		received.every(({ body }) => body.includes(id)) ? 'with the task ID' : 'without the task ID',
		received.every(({ body }) => body.includes(externalId))
			? 'with the external task ID'
			: 'without the external task ID',
		first.isSigned ? 'signed' : 'not signed',
	];
	findings.add('Callback', 'yes', `${statuses}; ${ids.join(', ')}`);
	for (const { shape, status } of received) {
		findings.shapes.push({ of: `callback, ${status ?? 'no status'}`, httpStatus: 0, shape });
	}
}

async function bodyOf(paid: Paid, externalId: string, image: string): Promise<string> {
	const { built, model, target, callbackUrl } = paid;
	const [duration] = model.durations;
	const picture = (await readFile(join(SAMPLES, image))).toString('base64');
	return built.toBody(
		{
			model: model.model,
			images: [picture],
			prompt: 'A dog turns its head',
			mode: 'std',
			duration,
			aspectRatio: '16:9',
			watermark: true,
			callbackUrl,
			externalTaskId: externalId,
		},
		model.family satisfies Family,
		target.row,
	);
}

function safe(id: string): string {
	return id.replace(/[^\w-]/g, '_').slice(0, 80);
}
