// Callbacks through the trigger under load, beside n8n's own Webhook node; and each genuine one starts once.
import { runOf } from '../../instance/api/execution.mts';
import {
	klingTrigger,
	sink,
	webhook,
	workflow,
	type WorkflowNode,
} from '../../instance/workflows.mts';
import { createTasks, INSTANT, openGround, published, type Ground } from '../ground.mts';
import { figure, median, oneTo, ratio, type Part, type Table } from '../part.mts';
import { fire, mixed, notice, type Fired } from './triggerCalls.mts';

const CALLS = 200;
const TASKS = 250;
const TOKEN = 'token-of-the-bench';
/** n8n has no limit of its own, and each execution holds a sandbox. */
const SLOTS = 20;
const BAR = 0.9;

export const trigger: Part = {
	name: 'trigger',
	title: 'The trigger under load',
	about: `${CALLS} calls a round over 20 connections, to n8n's own Webhook node and to the trigger by turns, with the same body and the same follow-up node; at most ${SLOTS} executions at once. n8n builds a sandbox for expressions for each call of a trigger and another for its execution; it spares only its own Webhook node the first, as long as none of its fields is an expression (\`webhookPhaseNeedsIsolate\` in n8n's \`live-webhooks\`). What ends is therefore held against a Webhook node with one expression, which is what every other trigger can reach.`,
	limitMinutes: 8,
	async run({ rounds, isQuick, say }) {
		const ground = await openGround({
			emulator: INSTANT,
			env: { N8N_CONCURRENCY_PRODUCTION_LIMIT: String(SLOTS) },
			credential: { callbackToken: TOKEN },
		});
		try {
			const sides = await sidesOf(ground);
			let next = 0;
			const calls = (path: string, many: number) =>
				oneTo(many).map(() => ({
					path,
					body: notice(`8${String((next += 1)).padStart(17, '0')}`),
				}));
			for (const { id, path } of sides) await fire(ground, id, calls(path, 40), 40);
			for (const round of oneTo(rounds)) {
				for (const side of sides)
					side.fired.push(await fire(ground, side.id, calls(side.path, CALLS), CALLS));
				say(`round ${round} of ${rounds}`);
			}
			const rates = sides.map(({ fired }) => middleOf(fired));
			const [plain, expression, own] = rates;
			if (!plain || !expression || !own) throw new Error('A side was not measured');
			const [answered, ended] = [own.answered / plain.answered, own.ended / expression.ended];
			const table = {
				columns: ['Node', 'answered a second', 'ended a second', 'CPU of a call'],
				rows: sides.map(({ name }, n) => {
					const rate = rates[n] ?? own;
					return [name, figure(rate.answered), figure(rate.ended), `${figure(rate.cpuMs)} ms`];
				}),
			};
			const checked = [
				await mixOf(ground, false, isQuick ? 100 : TASKS),
				await mixOf(ground, true, isQuick ? 100 : TASKS),
			];
			return {
				tables: [table, mixTable(checked)],
				targets: [
					{
						what: 'callbacks answered a second, against the Webhook node',
						measured: ratio(answered),
						target: `at least ${BAR}`,
						holds: answered >= BAR,
					},
					{
						what: 'callbacks ended a second, against the Webhook node with one expression',
						measured: ratio(ended),
						target: `at least ${BAR}`,
						holds: ended >= BAR,
					},
					{
						what: 'of mixed calls, executions of each genuine one',
						measured: checked.every(({ isExact }) => isExact) ? 'exactly one' : 'not one each',
						target: 'exactly one',
						holds: checked.every(({ isExact }) => isExact),
					},
				],
				figures: {
					answeredPerSecond: own.answered,
					endedPerSecond: own.ended,
					cpuMs: own.cpuMs,
					answeredRatio: answered,
					endedRatio: ended,
				},
			};
		} finally {
			await ground.close();
		}
	},
};

async function sidesOf(ground: Ground) {
	const plain = webhook();
	const expression = webhook();
	expression.parameters.options = { noResponseBody: '={{ true }}' };
	const own = klingTrigger({ fetchTask: false }, ground.credential);
	const sides = [
		{ name: 'Webhook node', first: plain, path: builtIn(plain) },
		{ name: 'Webhook node, one field an expression', first: expression, path: builtIn(expression) },
		{ name: '**trigger**', first: own, path: pathOf(own) },
	];
	return await Promise.all(
		sides.map(async ({ name, first, path }) => ({
			name,
			path,
			id: (await published(ground, workflow([first, sink('Follow-up')]))).id,
			fired: [] as Fired[],
		})),
	);
}

interface Mix {
	fetchTask: boolean;
	calls: number;
	tasks: number;
	started: number;
	isExact: boolean;
	answered: number;
	/** requests to the service for a genuine call */
	asked: number;
}

/** All kinds of calls mixed: exactly the genuine, distinct, wanted ones start, once each. */
async function mixOf(ground: Ground, fetchTask: boolean, count: number): Promise<Mix> {
	const { emulator } = ground;
	const ids = await createTasks(ground, count);
	const first = klingTrigger(
		{ authentication: fetchTask ? 'none' : 'token', fetchTask },
		ground.credential,
	);
	const { id } = await published(ground, workflow([first, sink('Follow-up')]));
	const calls = mixed(ids, pathOf(first), TOKEN, count);
	const before = emulator.calls().length;
	const fired = await fire(ground, id, calls, ids.length);
	const started = await startedTasks(ground, id, first.name);
	const genuine = new Set(ids);
	const asked = emulator
		.calls()
		.slice(before)
		.filter(({ kind, path }) => kind === 'get' && genuine.has(path.split('/').at(-1) ?? ''));
	return {
		fetchTask,
		calls: calls.length,
		tasks: ids.length,
		started: started.length,
		isExact: started.toSorted().join() === ids.toSorted().join(),
		answered: fired.answered,
		asked: asked.length / ids.length,
	};
}

function mixTable(mixes: Mix[]): Table {
	const [first] = mixes;
	return {
		caption: `${figure(first?.calls ?? 0)} calls, shuffled: ${figure(first?.tasks ?? 0)} genuine, the others repeated, of a status that nobody asked for, forged or broken.`,
		columns: [
			'*Fetch Task*',
			'executions',
			'once each',
			'answered a second',
			'requests for a genuine call',
		],
		rows: mixes.map((mix) => [
			mix.fetchTask ? 'on' : 'off, with a token',
			`${mix.started} of ${mix.tasks}`,
			mix.isExact ? 'yes' : '**no**',
			figure(mix.answered),
			figure(mix.asked),
		]),
	};
}

/** The task ids of all executions, as often as each one started. */
async function startedTasks(
	{ client, executions }: Ground,
	id: string,
	name: string,
): Promise<string[]> {
	const left = executions.ended(id).values();
	const tasks: string[] = [];
	const worker = async (): Promise<void> => {
		for (const execution of left) {
			const [item] = runOf(await client.getExecution(String(execution.id)), name).items;
			tasks.push(String(item?.json.task_id));
		}
	};
	await Promise.all(Array.from({ length: 8 }, worker));
	return tasks;
}

function middleOf(fired: Fired[]): Fired {
	return {
		answered: median(fired.map(({ answered }) => answered)),
		ended: median(fired.map(({ ended }) => ended)),
		cpuMs: median(fired.map(({ cpuMs }) => cpuMs)),
	};
}

const builtIn = ({ parameters }: WorkflowNode): string => `/webhook/${String(parameters.path)}`;
const pathOf = ({ webhookId }: WorkflowNode): string => `/webhook/${String(webhookId)}/kling`;
