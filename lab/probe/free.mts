// What a key can find out about a service at no cost: every request here reads.
import { randomInt, randomUUID } from 'node:crypto';
import type { FetchOutcome, TaskSnapshot } from '../../nodes/Kling/api/client.ts';
import type { Family } from '../../nodes/Kling/api/models.ts';
import type { Built } from './built.mts';
import type { AuthScheme, Findings } from './findings.mts';
import { connectTo, wrongKeys, type ProbedService, type Target } from './service.mts';
import { elementsIn, familyOfShape, shapeOf, timeUnitOf } from './shape.mts';

/** An existing task, to be looked up. */
export interface KnownTask {
	family: Family;
	id?: string;
	externalId?: string;
}

interface Free {
	built: Built;
	target: Target;
	/** Where unknown tasks are asked for. */
	family: Family;
	/** Given by the user; the list gives one where there is none. */
	known?: KnownTask;
	findings: Findings;
	redact: (text: string) => string;
}

const FULL_PAGE = 500;

/**
 * Tries everything that costs nothing.
 *
 * @returns the connection in the form that the service accepts, or undefined where the key was not accepted
 */
export async function probeFree(free: Free): Promise<ProbedService | undefined> {
	const service = await authenticate(free);
	if (service === undefined) return undefined;
	await refuseWrongKey(free);
	await unknownExternalId(free, service);
	const listed = await list(free, service);
	await lookUpExisting(free, service, free.known ?? listed);
	return service;
}

/** Asks for a task that does not exist, with the key in the usual form and, if that is refused, bare. */
async function authenticate(free: Free): Promise<ProbedService | undefined> {
	const { built, target, family, findings } = free;
	const schemes: AuthScheme[] = ['Bearer', 'none'];
	for (const scheme of schemes) {
		const service = connectTo(built, target, scheme);
		const outcome = await service.client.fetch(family, unknownId());
		note(free, service, 'get, unknown task ID');
		const words = scheme === 'Bearer' ? 'as "Bearer"' : 'bare';
		if (outcome.kind !== 'found' && outcome.error.facts.category === 'network') {
			findings.add('Authentication', 'open', said(outcome));
			return undefined;
		}
		if (isAboutTheKey(outcome)) {
			findings.add('Authentication', 'note', `the key ${words} is refused: ${said(outcome)}`);
			continue;
		}
		findings.add('Authentication', 'yes', `the key is accepted ${words}`);
		findings.found.authScheme = scheme;
		tellOfMiss(free, 'Unknown task ID', outcome);
		return service;
	}
	findings.add('Authentication', 'no', 'the key is not accepted in any form');
	return undefined;
}

async function refuseWrongKey(free: Free): Promise<void> {
	const { built, target, family, findings } = free;
	const { authScheme = 'Bearer' } = findings.found;
	const stranger = connectTo(built, { ...target, keys: wrongKeys(target.keys) }, authScheme);
	const outcome = await stranger.client.fetch(family, unknownId());
	note(free, stranger, 'get, wrong key');
	const isRefused = isAboutTheKey(outcome);
	findings.add(
		'Wrong key',
		isRefused ? 'yes' : 'no',
		isRefused ? `is refused as such: ${said(outcome)}` : `is not told: ${said(outcome)}`,
	);
}

async function unknownExternalId(free: Free, { client, last }: ProbedService): Promise<void> {
	const { family, findings } = free;
	const outcome = await client.fetch(family, `probe-${randomUUID()}`);
	note(free, { last }, 'get, unknown external task ID');
	findings.found.missIsClear = outcome.kind === 'missing';
	tellOfMiss(free, 'Unknown external task ID', outcome);
}

function tellOfMiss({ findings }: Free, topic: string, outcome: FetchOutcome): void {
	const isClear = outcome.kind === 'missing';
	const words = isClear ? 'is said to be unknown' : 'is not answered clearly';
	findings.add(topic, isClear ? 'yes' : 'no', `${words}: ${said(outcome)}`);
}

/** @returns a task of the list, if possible a finished one with an external ID */
async function list(free: Free, service: ProbedService): Promise<KnownTask | undefined> {
	const { built, findings } = free;
	const tasks: Array<TaskSnapshot & { family: Family }> = [];
	for (const family of Object.values(built.families)) {
		const page = await service.client.list(family, 1, FULL_PAGE);
		note(free, service, `list, ${family.path}`);
		const topic = `List of ${family.path}`;
		if (page.kind === 'page') {
			findings.found.listRoute = 'known';
			findings.add(topic, 'yes', `a page of ${FULL_PAGE} holds ${page.tasks.length} tasks`);
			tasks.push(...page.tasks.map((each) => ({ ...each, family })));
			if (page.tasks.length >= 2) await pageSizes(free, service, family, page.tasks);
		} else if (page.kind === 'unsupported') {
			findings.found.listRoute ??= 'none';
			findings.add(topic, 'note', `there is none: ${saidBy(service)}`);
		} else {
			findings.add(topic, 'open', page.error.message);
		}
	}
	const best =
		tasks.find(({ task }) => task.externalId !== undefined && task.status === 'succeed') ??
		tasks.find(({ task }) => task.externalId !== undefined) ??
		tasks[0];
	if (best === undefined) return undefined;
	const { id, externalId } = best.task;
	return { family: best.family, id, externalId };
}

/** Small pages: their size, that they follow each other, and what a size without a number does. */
async function pageSizes(
	free: Free,
	{ client, send, last }: ProbedService,
	family: Family,
	all: readonly TaskSnapshot[],
): Promise<void> {
	const { target, findings } = free;
	const first = await client.list(family, 1, 1);
	const second = await client.list(family, 2, 1);
	const ids = [first, second].map((page) =>
		page.kind === 'page' ? page.tasks.map(({ task }) => task.id) : [],
	);
	const follows = ids[0]?.length === 1 && ids[1]?.length === 1 && ids[0][0] !== ids[1][0];
	findings.add(
		'Page size',
		follows ? 'yes' : 'no',
		follows
			? 'pages of 1 hold one task each, and another one each'
			: `pages of 1 hold ${ids.map((page) => page.length).join(' and ')} tasks`,
	);
	const times = all.map(({ task }) => task.createdAt ?? Number.NaN);
	const isSorted = times.every((time, n) => n === 0 || time <= (times[n - 1] ?? time));
	findings.add('Order', 'note', isSorted ? 'newest first' : 'not sorted by creation');
	const headers = { Accept: 'application/json' };
	const url = `${target.baseUrl}/v1/videos/${family.path}?pageSize=1`;
	await send({ method: 'GET', url, headers, timeoutMs: 60_000 });
	const answer = last();
	const count = answer?.kind === 'answered' ? elementsIn(answer.body)?.length : undefined;
	findings.add(
		'pageSize without pageNum',
		'note',
		count === undefined ? 'is refused' : count === 1 ? 'is taken' : `is ignored: ${count} tasks`,
	);
}

async function lookUpExisting(
	free: Free,
	service: ProbedService,
	known: KnownTask | undefined,
): Promise<void> {
	const { findings } = free;
	if (known === undefined) {
		const advice = 'none is known: make one, or name one with --task and --external-id';
		findings.add('Existing task', 'open', advice);
		return;
	}
	const byId = known.id === undefined ? undefined : await existingById(free, service, known);
	const externalId =
		known.externalId ?? (byId?.kind === 'found' ? byId.task.externalId : undefined);
	if (externalId === undefined) {
		findings.add('Existing external task ID', 'open', 'none is known: name one with --external-id');
		return;
	}
	const outcome = await service.client.fetch(known.family, externalId);
	note(free, service, 'get, existing external task ID');
	const isFound = outcome.kind === 'found';
	if (isFound) findings.found.externalIdLookUp = 'found';
	// Without the task itself, a miss may be the caller's slip.
	if (outcome.kind === 'missing' && byId?.kind === 'found')
		findings.found.externalIdLookUp = 'none';
	const words = isFound ? `finds the task, ${outcome.task.status}` : said(outcome);
	findings.add('Existing external task ID', isFound ? 'yes' : 'note', words);
}

async function existingById(
	free: Free,
	service: ProbedService,
	known: KnownTask,
): Promise<FetchOutcome> {
	const { findings } = free;
	const outcome = await service.client.fetch(known.family, known.id ?? '');
	note(free, service, 'get, existing task ID');
	const answer = service.last();
	if (outcome.kind !== 'found' || answer?.kind !== 'answered') {
		findings.add('Existing task ID', 'no', said(outcome));
		return outcome;
	}
	const { task } = outcome;
	const parts = [
		`finds the task, ${task.status}`,
		familyOfShape(answer.body),
		`times in ${timeUnitOf(answer.body) ?? 'no unit: there are none'}`,
		...(task.status === 'succeed' ? [`${task.videos.length} videos`] : []),
		...(task.unitDeduction === undefined ? [] : [`deduction ${task.unitDeduction}`]),
	];
	findings.add('Existing task ID', 'yes', parts.join(', '));
	return outcome;
}

/** Keeps the shape of the last answer. */
export function note(
	{ findings, redact }: Pick<Free, 'findings' | 'redact'>,
	{ last }: Pick<ProbedService, 'last'>,
	of: string,
): void {
	const answer = last();
	if (answer?.kind !== 'answered') return;
	findings.shapes.push({ of, httpStatus: answer.status, shape: shapeOf(answer.body, redact) });
}

/** The outcome of a look-up in one sentence. */
export function said(outcome: FetchOutcome): string {
	if (outcome.kind === 'found') return `a task, ${outcome.task.status}`;
	const { httpStatus, code } = outcome.error.facts;
	const facts = [
		...(httpStatus === undefined ? [] : [`HTTP ${httpStatus}`]),
		...(code === undefined ? [] : [`code ${code}`]),
	].join(', ');
	return facts === '' ? outcome.error.message : `${outcome.error.message} (${facts})`;
}

function saidBy({ last }: ProbedService): string {
	const answer = last();
	return answer?.kind === 'answered' ? `HTTP ${answer.status}` : 'no answer';
}

function isAboutTheKey(outcome: FetchOutcome): boolean {
	return outcome.kind === 'refused' && outcome.error.facts.category === 'auth';
}

/** Digits like those of Kling's own IDs. */
function unknownId(): string {
	return `8${Array.from({ length: 17 }, () => randomInt(10)).join('')}`;
}
