// Answers a call to a parked execution's resume URL: asks the API, and resumes when all tasks are finished.
import { families } from '../api/models';
import { isFinished } from '../api/task';
import type { Told } from '../api/client';
import { Asker, type Answer, type Asked, type AskPorts } from './ask';
import type { Clock } from './backoff';
import { judgeResume } from './parked';
import type { ParkedState, ResumeHint, WaitingItem } from './parked';

export interface ResumeAnswer {
	status: 200 | 503;
	/** A short word, the same for every call that ends so. */
	body: string;
}

export type Resume =
	/** Every task is finished by the API's word; in the order of the parked state. */
	| { resume: true; finished: Array<{ item: WaitingItem; told: Told }> }
	| { resume: false; answer: ResumeAnswer };

export interface ResumePorts extends AskPorts {
	clock: Clock;
	log(line: string): void;
}

const IGNORED: ResumeAnswer = { status: 200, body: 'ignored' };
const WAITING: ResumeAnswer = { status: 200, body: 'still waiting' };
const RESUMED: ResumeAnswer = { status: 200, body: 'resuming already' };
/** A sender that retries does so on this one. */
const LATER: ResumeAnswer = { status: 503, body: 'try again later' };

/** How long a resume that was handed to n8n stands in the way of a second one. */
const RESUMED_FOR_MS = 60_000;

/** One resume at a time per execution and process. */
export class ResumeGuard {
	private readonly turns = new Map<string, Turn>();

	/**
	 * Answers a call. Never throws. Calls that come while another one is being answered wait
	 * together for one more check, so that of two last callbacks none is lost.
	 *
	 * @param executionId the parked execution
	 * @param state from `readParked`
	 */
	async answer(
		executionId: string,
		state: ParkedState | undefined,
		hint: ResumeHint,
		ports: ResumePorts,
	): Promise<Resume> {
		if (state === undefined) return { resume: false, answer: IGNORED };
		const decision = judgeResume(state, hint, ports.clock.now());
		if (decision.do !== 'askApi') return { resume: false, answer: IGNORED };
		// A loop parks the same execution again: each sleep is its own.
		const sleep = `${executionId}/${state.parkedAt}`;
		const turn = this.turns.get(sleep) ?? new Turn();
		this.turns.set(sleep, turn);
		const resume = await turn.take(state, decision.first, ports);
		this.forgetOver(ports.clock.now());
		return resume;
	}

	private forgetOver(now: number): void {
		for (const [sleep, turn] of this.turns) {
			if (turn.isOver(now)) this.turns.delete(sleep);
		}
	}
}

/** The checks of one sleep, one after the other. */
class Turn {
	private running?: Promise<Resume>;
	/** One check more, for all who came while one was running. */
	private next?: { first: WaitingItem[]; check: Promise<Resume> };
	private resumedAt?: number;

	async take(
		state: ParkedState,
		first: WaitingItem | undefined,
		ports: ResumePorts,
	): Promise<Resume> {
		if (this.isResumed(ports.clock.now())) return { resume: false, answer: RESUMED };
		const hinted = first === undefined ? [] : [first];
		if (this.next !== undefined) {
			this.next.first.push(...hinted);
			return withoutResume(await this.next.check);
		}
		if (this.running === undefined) return await this.run(state, hinted, ports);
		const check = this.running.then(async () => {
			this.next = undefined;
			if (this.isResumed(ports.clock.now())) return { resume: false, answer: RESUMED } as const;
			return await this.run(state, hinted, ports);
		});
		this.next = { first: hinted, check };
		return await check;
	}

	isOver(now: number): boolean {
		return this.running === undefined && this.next === undefined && !this.isResumed(now);
	}

	private isResumed(now: number): boolean {
		return this.resumedAt !== undefined && now - this.resumedAt < RESUMED_FOR_MS;
	}

	private async run(
		state: ParkedState,
		first: readonly WaitingItem[],
		ports: ResumePorts,
	): Promise<Resume> {
		this.running = checkAll(state, first, ports);
		const resume = await this.running;
		this.running = undefined;
		if (resume.resume) this.resumedAt = ports.clock.now();
		return resume;
	}
}

/** Only one caller may hand the items to n8n. */
function withoutResume(resume: Resume): Resume {
	return resume.resume ? { resume: false, answer: RESUMED } : resume;
}

async function checkAll(
	state: ParkedState,
	first: readonly WaitingItem[],
	ports: ResumePorts,
): Promise<Resume> {
	try {
		const found = await findFinished(state.items, first, ports);
		if ('status' in found) return { resume: false, answer: found };
		if (ports.clock.now() >= state.deadline) return { resume: false, answer: IGNORED };
		return { resume: true, finished: inOrder(state, found) };
	} catch (thrown) {
		ports.log(`A call to the resume URL could not be answered: ${String(thrown)}`);
		return { resume: false, answer: LATER };
	}
}

interface Question extends Asked {
	item: WaitingItem;
}

/**
 * One list request for all, then one by one: the tasks that the call names, then the others, the
 * newest first because it is the likeliest to be unfinished. Stops at the first that is.
 *
 * @returns by id what every task ended with, or the answer to the caller
 */
async function findFinished(
	waiting: readonly WaitingItem[],
	first: readonly WaitingItem[],
	ports: ResumePorts,
): Promise<Map<string, Told> | ResumeAnswer> {
	const asker = new Asker(ports);
	const finished = new Map<string, Told>();
	let silent: string | undefined;
	const listed = await asker.askListOnly(waiting.map(questionOf), ({ item }, answer) => {
		if (answer.kind === 'silent') silent = answer.error.message;
		else if (answer.kind === 'told' && isFinished(answer.told.task))
			finished.set(item.id, answer.told);
	});
	if (silent !== undefined && listed.length === 0) {
		ports.log(`The service could not be asked about a callback: ${silent}`);
		return LATER;
	}
	const named = new Set(first.map(({ id }) => id));
	const others = [...waiting].reverse().filter(({ id }) => !named.has(id));
	for (const item of [...waiting.filter(({ id }) => named.has(id)), ...others]) {
		if (finished.has(item.id)) continue;
		const answer = await asker.askOne(questionOf(item));
		if (answer.kind !== 'told') return unclear(answer, item, ports);
		if (!isFinished(answer.told.task)) return WAITING;
		finished.set(item.id, answer.told);
	}
	return finished;
}

function unclear(
	answer: Exclude<Answer, { kind: 'told' }>,
	{ id }: WaitingItem,
	{ log }: ResumePorts,
): ResumeAnswer {
	log(`Task ${id} could not be asked for after a callback: ${answer.error.message}`);
	return answer.kind === 'missing' ? WAITING : LATER;
}

function questionOf(item: WaitingItem): Question {
	const { id, key, family, lastKnown } = item;
	return { id, key, family: families[family], lastKnown, item };
}

function inOrder(state: ParkedState, finished: ReadonlyMap<string, Told>) {
	return state.items.map((item) => ({ item, told: finished.get(item.id) ?? item.lastKnown }));
}
