// Holds the service's bill against what n8n's executions say. Pure: facts in, differences out.
import type { ExecutionFacts } from './evidence.mts';

/** A task that the service made and billed. */
export interface BilledTask {
	id: string;
	/** The external task ID as the node gave it. */
	key: string | undefined;
	prompt: string;
	/** Unix ms. */
	createdAt: number;
	finishedAt: number | undefined;
	status: string;
}

export interface WantedOrder {
	name: string;
	prompt: string;
	workflowId: string;
	isStarted: boolean;
}

export interface SubmitFacts {
	workflowId: string;
	name: string;
	waits: boolean;
	downloads: boolean;
	loops: boolean;
	/** How often n8n runs the node where it ends badly; 1 without Retry On Fail. */
	tries: number;
}

/** A callback about an end that the receiver has answered. */
export interface AnsweredCall {
	trigger: string;
	taskId: string;
	status: string;
	/** Unix ms. */
	at: number;
}

export interface TriggerFacts {
	workflowId: string;
	name: string;
	/** It downloads the video after its answer and before the execution begins. */
	downloads: boolean;
	executions: readonly ExecutionFacts[];
	/** Genuine calls that were answered 200. */
	answered: readonly AnsweredCall[];
}

export interface Books {
	orders: readonly WantedOrder[];
	tasks: readonly BilledTask[];
	submits: readonly SubmitFacts[];
	executions: readonly ExecutionFacts[];
	triggers: readonly TriggerFacts[];
	/** Everything that n8n printed. */
	log: string;
	/** When n8n was down, Unix ms: what it answered just before may not have reached its database. */
	outages: ReadonlyArray<{ from: number; to: number }>;
	endless: readonly string[];
}

export interface Difference {
	kind:
		| 'paid twice'
		| 'tried too often'
		| 'lost'
		| 'silent'
		| 'mixed up'
		| 'not delivered'
		| 'ran twice'
		| 'endless'
		| 'not genuine'
		| 'started twice'
		| 'not started';
	text: string;
}

export interface Reconciliation {
	orders: number;
	billed: number;
	/** Tasks that failed at the service: the next try of n8n or of the user is a task of its own. */
	failedTasks: number;
	/** Orders whose one living task stands in a good item. */
	delivered: number;
	/** Orders that ended with a message. */
	marked: number;
	/** Orders that n8n never started, or that were stopped and left. */
	notRun: number;
	/** Tasks paid for beyond the wanted one, each named to the user. */
	extraNamed: number;
	/** Tasks that are named in the log only, of executions that were stopped and left alone. */
	inLogOnly: number;
	starts: number;
	/** Calls that were answered so shortly before n8n went down that they started nothing. */
	cutOff: number;
	differences: Difference[];
}

/** What was answered so shortly before an outage may not have been stored by n8n … */
const UNSTORED_MS = 3_000;
/** … and so shortly where a slow download comes between the answer and the execution. */
const DOWNLOAD_MS = 60_000;

export function reconcile(books: Books): Reconciliation {
	const { orders, tasks, executions, log, endless } = books;
	const differences: Difference[] = endless.map((id) => ({
		kind: 'endless',
		text: `execution ${id} has not ended`,
	}));
	const result: Reconciliation = {
		orders: orders.length,
		billed: tasks.length,
		failedTasks: tasks.filter(({ status }) => status === 'failed').length,
		delivered: 0,
		marked: 0,
		notRun: 0,
		extraNamed: 0,
		inLogOnly: 0,
		starts: 0,
		cutOff: 0,
		differences,
	};
	const tasksOf = Map.groupBy(tasks, ({ prompt }) => prompt);
	const executionsOf = groupByOrder(executions);
	for (const order of orders) {
		const own = [...(tasksOf.get(order.prompt) ?? [])].sort((a, b) => a.createdAt - b.createdAt);
		const executionsWithIt = executionsOf.get(order.name) ?? [];
		settleOrder(order, own, executionsWithIt, log, result);
		const { tries = 1 } = books.submits.find((each) => each.workflowId === order.workflowId) ?? {};
		const failed = own.filter(({ status }) => status === 'failed').length;
		if (failed > tries * Math.max(1, executionsWithIt.length)) {
			const text = `${failed} tasks failed in ${executionsWithIt.length} executions of ${tries} tries`;
			difference(result, 'tried too often', `${text}: ${describe(order, own, executionsWithIt)}`);
		}
	}
	checkExecutions(books, result);
	for (const trigger of books.triggers) checkTrigger(trigger, books, result);
	return result;
}

function settleOrder(
	order: WantedOrder,
	tasks: readonly BilledTask[],
	executions: readonly ExecutionFacts[],
	log: string,
	result: Reconciliation,
): void {
	const messages = executions.map((each) => each.messages).join('\n');
	const put = new Set(executions.flatMap(({ puts }) => puts.map(({ taskId }) => taskId)));
	const isTold = (task: BilledTask) => names(messages, task);
	const kept: BilledTask[] = [];
	for (const [n, task] of tasks.entries()) {
		// A task that had failed before the next one was made was rightly not taken again.
		const standing = kept.filter(
			(other) => !(other.status === 'failed' && (other.finishedAt ?? Infinity) <= task.createdAt),
		);
		if (standing.length > 0) {
			if ([task, ...standing].some(isTold)) result.extraNamed += 1;
			else difference(result, 'paid twice', describe(order, [...standing, task], executions));
		}
		kept.push(task);
		if (put.has(task.id) || isTold(task)) continue;
		// n8n's Retry On Fail keeps the last try only: a task that failed is followed by one that is told of.
		if (task.status === 'failed' && n < tasks.length - 1) continue;
		if (names(log, task) && executions.some(({ status }) => status === 'canceled')) {
			result.inLogOnly += 1;
		} else difference(result, 'lost', describe(order, [task], executions));
	}
	const isDelivered = tasks.some(({ id }) =>
		executions.some(({ puts }) => puts.some(({ taskId, isBad }) => taskId === id && !isBad)),
	);
	if (isDelivered) result.delivered += 1;
	else if (executions.some((each) => each.messages !== '')) result.marked += 1;
	else result.notRun += 1;
}

/** Each execution on its own: every order accounted for, nobody else's task, what was promised with it. */
function checkExecutions(books: Books, result: Reconciliation): void {
	const promptOf = new Map(books.orders.map(({ name, prompt }) => [name, prompt]));
	const taskById = new Map(books.tasks.map((task) => [task.id, task]));
	const submitOf = new Map(books.submits.map((submit) => [submit.workflowId, submit]));
	for (const execution of books.executions) {
		const submit = submitOf.get(execution.workflowId);
		if (submit === undefined) continue;
		const { id, status, orders, puts, runs } = execution;
		const where = `execution ${id} (${status}) of "${submit.name}"`;
		const prompts = new Set(orders.map((name) => promptOf.get(name)));
		if (status === 'success' && puts.length !== orders.length) {
			difference(result, 'silent', `${where}: ${orders.length} orders, ${puts.length} items`);
		}
		if (!submit.loops && runs > 1) {
			difference(result, 'ran twice', `${where}: the node has ${runs} runs`);
		}
		for (const put of puts) {
			if (put.isBad || put.taskId === undefined) continue;
			const task = taskById.get(put.taskId);
			if (task === undefined || !prompts.has(task.prompt)) {
				const whose = task === undefined ? 'that does not exist' : `of "${task.prompt}"`;
				difference(result, 'mixed up', `${where}: task ${put.taskId} ${whose}`);
			} else if (submit.waits && status === 'success' && !put.timedOut) {
				const isWhole = submit.downloads ? put.hasVideo : put.hasLink;
				if (put.status === 'succeed' && task.status === 'succeed' && isWhole) continue;
				const what = `status ${put.status}, video ${put.hasVideo}, link ${put.hasLink}`;
				difference(
					result,
					'not delivered',
					`${where}: task ${put.taskId} is ${task.status}, ${what}`,
				);
			}
		}
	}
}

function checkTrigger(
	{ name, downloads, executions, answered }: TriggerFacts,
	{ tasks, outages }: Books,
	result: Reconciliation,
): void {
	const taskById = new Map(tasks.map((task) => [task.id, task]));
	const started = new Map<string, number>();
	let unreadable = 0;
	for (const { id, puts } of executions) {
		if (puts.length === 0) unreadable += 1;
		for (const { taskId, status } of puts) {
			const start = `${taskId} ${status}`;
			started.set(start, (started.get(start) ?? 0) + 1);
			result.starts += 1;
			if (taskById.get(taskId ?? '')?.status !== status) {
				const truth = taskById.get(taskId ?? '')?.status ?? 'unknown';
				const text = `trigger "${name}", execution ${id}: ${start}, at the service ${truth}`;
				difference(result, 'not genuine', text);
			}
		}
	}
	for (const [start, count] of started) {
		if (count > 1)
			difference(result, 'started twice', `trigger "${name}": ${start}, ${count} times`);
	}
	const unstoredMs = downloads ? DOWNLOAD_MS : UNSTORED_MS;
	const isCutOff = ({ at }: AnsweredCall) =>
		outages.some(({ from, to }) => at > from - unstoredMs && at < to);
	const unstarted = answered.filter(({ taskId, status }) => !started.has(`${taskId} ${status}`));
	const missing = new Map(unstarted.map((each) => [`${each.taskId} ${each.status}`, each]));
	for (const [start, each] of missing) {
		if (!isCutOff(each)) continue;
		missing.delete(start);
		result.cutOff += 1;
	}
	// A crash leaves executions without data behind; each may be one of the missing.
	if (missing.size <= unreadable) return;
	for (const start of missing.keys()) {
		difference(result, 'not started', `trigger "${name}": ${start} was answered 200`);
	}
}

function groupByOrder(executions: readonly ExecutionFacts[]): Map<string, ExecutionFacts[]> {
	const grouped = new Map<string, ExecutionFacts[]>();
	for (const execution of executions) {
		for (const order of execution.orders) {
			grouped.set(order, [...(grouped.get(order) ?? []), execution]);
		}
	}
	return grouped;
}

function names(text: string, { id, key }: BilledTask): boolean {
	return text.includes(id) || (key !== undefined && text.includes(key));
}

function describe(
	{ name }: WantedOrder,
	tasks: readonly BilledTask[],
	executions: readonly ExecutionFacts[],
): string {
	const made = tasks.map(
		({ id, key, status, createdAt }) =>
			`${id} (${key}, ${status}, made ${new Date(createdAt).toISOString().slice(11, 23)})`,
	);
	const in_ = executions.map(({ id, status, retryOf, messages }) => {
		const of = retryOf === undefined ? '' : ` retry of ${retryOf}`;
		return `${id} ${status}${of}: ${messages.replaceAll('\n', ' ').slice(0, 160) || 'no message'}`;
	});
	return `${name}: ${made.join(', ')}; executions ${in_.join(' | ') || 'none'}`;
}

function difference(result: Reconciliation, kind: Difference['kind'], text: string): void {
	result.differences.push({ kind, text });
}
