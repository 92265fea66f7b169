// Answers a call to a parked execution's resume URL: asks the API, and resumes when all tasks are finished.
import { families } from '../api/models';
import { isFinished } from '../api/task';
import type { Told } from '../api/client';
import { Asker, type Answer, type Asked, type AskPorts } from './ask';
import type { Clock } from './backoff';
import { isLate, judgeResume } from './parked';
import type { ParkedState, ResumeHint, WaitingItem } from './parked';

interface ResumeAnswer {
	status: 200 | 503;
	/** A short word, the same for every call that ends so. */
	body: string;
}

export type Resume =
	/** Every task is finished by the API's word; in the order of the parked state. */
	| { resume: true; finished: Array<{ item: WaitingItem; told: Told }> }
	/** `doubted`: an end was claimed that the API does not know of, or could not be asked about. */
	| { resume: false; answer: ResumeAnswer; doubted?: true };

export interface ResumePorts extends AskPorts {
	clock: Clock;
	log(line: string): void;
}

const IGNORED: ResumeAnswer = { status: 200, body: 'ignored' };
const WAITING: ResumeAnswer = { status: 200, body: 'still waiting' };
const RESUMED: ResumeAnswer = { status: 200, body: 'resuming already' };
/** A sender that retries does so on this one. */
const LATER: ResumeAnswer = { status: 503, body: 'try again later' };

/** How long after a resume was handed to n8n the execution can be believed to sleep still. */
const LOST_AFTER_MS = 60_000;

/**
 * Some gateways let Kling call and answer from a record of their own, which lags: a claimed end is
 * asked about again after so many milliseconds each.
 */
const AGAIN_AFTER_MS = [2_000, 5_000, 10_000, 20_000, 30_000, 60_000];

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
		const turn = this.turnOf(executionId, state);
		turn.claim(decision.first);
		const resume = await turn.take(state, ports);
		this.forgetOver(ports.clock.now());
		return resume;
	}

	/**
	 * After a doubted claim: asks again for a while, so that a call that came before the gateway
	 * knew does not leave the execution asleep until its deadline. One call per sleep and process
	 * does this for all; each later claim has the whole time before it, whatever was claimed before.
	 *
	 * @returns what to resume with, or undefined when that did not come about
	 */
	async askAgain(
		executionId: string,
		state: ParkedState,
		ports: ResumePorts,
	): Promise<Extract<Resume, { resume: true }> | undefined> {
		const turn = this.turnOf(executionId, state);
		turn.delays = [...AGAIN_AFTER_MS];
		if (turn.patient) return undefined;
		turn.patient = true;
		try {
			for (let delay = turn.delays.shift(); delay !== undefined; delay = turn.delays.shift()) {
				if (isLate(state, ports.clock.now() + delay)) return undefined;
				await ports.clock.sleep(delay);
				const resume = await turn.take(state, ports);
				if (resume.resume) return resume;
				if (resume.doubted !== true) return undefined;
			}
			return undefined;
		} finally {
			turn.patient = false;
			this.forgetOver(ports.clock.now());
		}
	}

	/** The items were handed to n8n (or could not be): should n8n lose them, a later call may try again. */
	handedOver(executionId: string, state: ParkedState, ports: Pick<ResumePorts, 'clock'>): void {
		this.turnOf(executionId, state).handedOver(ports.clock.now());
	}

	/** A loop parks the same execution again: each sleep is its own. */
	private turnOf(executionId: string, state: ParkedState): Turn {
		const sleep = `${executionId}/${state.parkedAt}`;
		const turn = this.turns.get(sleep) ?? new Turn(state.deadline);
		this.turns.set(sleep, turn);
		return turn;
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
	private next?: Promise<Resume>;
	/** Until when nobody else may resume: while the files are downloaded, however long, and a little after. */
	private resumedUntil?: number;
	private readonly claims: Claims = { items: new Map(), unknown: false, finished: new Map() };
	/** Someone asks again for all claims … */
	patient = false;
	/** … after these milliseconds each, counted anew with every doubted claim. */
	delays: number[] = [];

	/** @param deadline of the sleep, Unix time in milliseconds */
	constructor(private readonly deadline: number) {}

	/** Remembers which task a call said had ended. */
	claim(item: WaitingItem | undefined): void {
		if (item === undefined) this.claims.unknown = true;
		else this.claims.items.set(item.id, item);
	}

	async take(state: ParkedState, ports: ResumePorts): Promise<Resume> {
		if (this.isResumed(ports.clock.now())) return { resume: false, answer: RESUMED };
		if (this.next !== undefined) return withoutResume(await this.next);
		if (this.running === undefined) return await this.run(state, ports);
		this.next = this.running.then(async () => {
			this.next = undefined;
			if (this.isResumed(ports.clock.now())) return { resume: false, answer: RESUMED } as const;
			return await this.run(state, ports);
		});
		return await this.next;
	}

	handedOver(now: number): void {
		this.resumedUntil = now + LOST_AFTER_MS;
	}

	/** Claims are kept until the sleep has ended, by a resume or by its timer. */
	isOver(now: number): boolean {
		const isBusy = this.running !== undefined || this.next !== undefined || this.patient;
		const hasEnded = this.resumedUntil !== undefined ? now >= this.resumedUntil : now >= this.deadline;
		return !isBusy && hasEnded;
	}

	private isResumed(now: number): boolean {
		return this.resumedUntil !== undefined && now < this.resumedUntil;
	}

	private async run(state: ParkedState, ports: ResumePorts): Promise<Resume> {
		this.running = checkAll(state, this.claims, ports);
		const resume = await this.running;
		this.running = undefined;
		if (resume.resume) this.resumedUntil = state.deadline;
		return resume;
	}
}

/** The ends that calls have claimed, and those that are true. */
interface Claims {
	items: Map<string, WaitingItem>;
	/** A call could not be read, or named a task that is not known here under that id. */
	unknown: boolean;
	/** What the API has confirmed, by id: a finished task stays finished and need not be asked for again. */
	finished: Map<string, Told>;
}

/** Only one caller may hand the items to n8n. */
function withoutResume(resume: Resume): Resume {
	return resume.resume ? { resume: false, answer: RESUMED } : resume;
}

async function checkAll(
	state: ParkedState,
	claims: Claims,
	ports: ResumePorts,
): Promise<Resume> {
	try {
		const found = await findFinished(state.items, claims, ports);
		if ('resume' in found) return found;
		if (ports.clock.now() >= state.deadline) return { resume: false, answer: IGNORED };
		return { resume: true, finished: inOrder(state, found) };
	} catch (thrown) {
		ports.log(`A call to the resume URL could not be answered: ${String(thrown)}`);
		return { resume: false, answer: LATER, doubted: true };
	}
}

interface Question extends Asked {
	item: WaitingItem;
}

/**
 * One list request for all, then one by one: the tasks that the calls name, then the others, the
 * newest first because it is the likeliest to be unfinished. Stops at the first that is.
 *
 * @returns by id what every task ended with, or the answer to the caller
 */
async function findFinished(
	waiting: readonly WaitingItem[],
	claims: Claims,
	ports: ResumePorts,
): Promise<Map<string, Told> | Extract<Resume, { resume: false }>> {
	const asker = new Asker(ports);
	const { finished } = claims;
	const open = waiting.filter(({ id }) => !finished.has(id));
	let silent: string | undefined;
	const listed = await asker.askListOnly(open.map(questionOf), ({ item }, answer) => {
		if (answer.kind === 'silent') silent = answer.error.message;
		else if (answer.kind === 'told' && isFinished(answer.told.task))
			finished.set(item.id, answer.told);
	});
	if (silent !== undefined && listed.length === 0) {
		ports.log(`The service could not be asked about a callback: ${silent}`);
		return { resume: false, answer: LATER, doubted: true };
	}
	const isNamed = ({ id }: WaitingItem) => claims.items.has(id);
	const others = [...open].reverse().filter((item) => !isNamed(item));
	for (const item of [...open.filter(isNamed), ...others]) {
		if (finished.has(item.id)) continue;
		const answer = await asker.askOne(questionOf(item));
		if (answer.kind !== 'told') return unclear(answer, item, ports);
		if (!isFinished(answer.told.task)) {
			const doubted = isNamed(item) || claims.unknown;
			return { resume: false, answer: WAITING, ...(doubted && { doubted }) };
		}
		finished.set(item.id, answer.told);
	}
	return finished;
}

function unclear(
	answer: Exclude<Answer, { kind: 'told' }>,
	{ id }: WaitingItem,
	{ log }: ResumePorts,
): Extract<Resume, { resume: false }> {
	log(`Task ${id} could not be asked for after a callback: ${answer.error.message}`);
	return { resume: false, answer: answer.kind === 'missing' ? WAITING : LATER, doubted: true };
}

function questionOf(item: WaitingItem): Question {
	const { id, key, family, lastKnown } = item;
	return { id, key, family: families[family], lastKnown, item };
}

function inOrder(state: ParkedState, finished: ReadonlyMap<string, Told>) {
	return state.items.map((item) => ({ item, told: finished.get(item.id) ?? item.lastKnown }));
}
