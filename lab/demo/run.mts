// What the demo does, step by step: service, n8n, credential, workflow, video, facts.
import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CredentialReference } from '../instance/api/credentials.mts';
import { type Execution, type Item, runOf } from '../instance/api/execution.mts';
import type { SavedWorkflow } from '../instance/api/workflows.mts';
import { type Client, connect } from '../instance/client.mts';
import { N8N_VERSION, ensureN8n } from '../instance/install.mts';
import { startN8n } from '../instance/n8n.mts';
import { packNode } from '../instance/pack.mts';
import type { WorkflowJson } from '../instance/workflows.mts';
import { SAMPLE_IMAGES_URL, readExample, withCredentials } from './example.mts';
import { ratioOf, readMp4 } from './mp4Facts.mts';
import { servePictures } from './pictures.mts';
import type { Progress } from './progress.mts';
import { type DemoService, chooseService } from './service.mts';
import { recentTasks, watchRun } from './watch.mts';

const EXAMPLE = '1-generate-and-wait.json';
const OUT = 'out';
const CHANGE_YOUR_MIND_MS = 5000;

/** What the steps stand on; whoever calls decides when things are closed. */
interface Stage {
	progress: Progress;
	env: NodeJS.ProcessEnv;
	/** begins a step; the advice is for the user if it does not work */
	begin(text: string, advice: string): void;
	/** is called in reverse order when the demo ends */
	onClose(close: () => Promise<void>): void;
	/** a task that costs money was seen at the service */
	onPaidTask(id: string): void;
}

/** An n8n that is ready to be tried. */
export interface Ready {
	editorUrl: string;
	email: string;
	password: string;
	costsMoney: boolean;
}

/**
 * Makes one video and saves it.
 * @throws Error whose message is for the user, at the step that was begun last
 */
export async function runDemo(stage: Stage): Promise<Ready> {
	const service = await chooseService(stage.env);
	stage.onClose(service.close);
	await announce(stage, service);
	const client = await startInstance(stage);
	const credential = await saveCredential(stage, service, client);
	const workflow = await importExample(stage, client, credential);
	const execution = await execute(stage, service, client, credential, workflow);
	await saveVideo(stage, client, runOf(execution, 'Keep the Video').items[0]);
	return {
		editorUrl: `${client.url}/workflow/${workflow.id}`,
		...client.owner,
		costsMoney: service.costsMoney,
	};
}

async function announce({ progress }: Stage, service: DemoService): Promise<void> {
	progress.print(`This demo talks to ${service.name}.`);
	if (!service.costsMoney) return;
	progress.print(
		'',
		'THIS COSTS MONEY: it makes one real video (5 seconds, standard mode) on the account of your key.',
		`Press Ctrl+C within ${CHANGE_YOUR_MIND_MS / 1000} seconds to stop, or unset the key to use the emulator.`,
		'',
	);
	await sleep(CHANGE_YOUR_MIND_MS);
}

async function startInstance({ begin, progress, onClose }: Stage): Promise<Client> {
	begin(
		`Getting n8n ${N8N_VERSION} ready`,
		'see that npm reaches its registry and that 3 GB of disk are free, then run the demo again.',
	);
	await ensureN8n({ onProgress: (line) => progress.detail(line) });
	begin('Building the node', 'run "npm run build" and look at what it says.');
	const { dir } = await packNode();
	begin(
		'Booting n8n',
		'the last lines above are from n8n itself. If memory is short (it takes about 1 GB), close something and run the demo again.',
	);
	const n8n = await startN8n({ packages: [dir] });
	onClose(() => n8n.close());
	const client = await connect(n8n.url);
	onClose(() => client.close());
	return client;
}

async function saveCredential(
	{ begin }: Stage,
	{ credential: data }: DemoService,
	client: Client,
): Promise<CredentialReference> {
	begin('Testing the credential', 'check the key and KLING_PROVIDER. Nothing was paid for.');
	const credential = await client.createCredential('Kling API', 'klingApi', data);
	const { status, message } = await client.testCredential(credential, data);
	if (status !== 'OK') throw new Error(message);
	return credential;
}

/** The example as it is, but for the addresses of its pictures: they lie on this machine. */
async function importExample(
	{ begin, onClose }: Stage,
	client: Client,
	credential: CredentialReference,
): Promise<SavedWorkflow> {
	begin('Importing the example workflow', 'run the demo again.');
	const pictures = await servePictures();
	onClose(pictures.close);
	const example = withCredentials(await readExample(EXAMPLE), [credential]);
	const local = JSON.stringify(example).replaceAll(SAMPLE_IMAGES_URL, pictures.url);
	return await client.createWorkflow(JSON.parse(local) as WorkflowJson);
}

async function execute(
	{ begin, progress, onPaidTask }: Stage,
	{ costsMoney }: DemoService,
	client: Client,
	credential: CredentialReference,
	workflow: SavedWorkflow,
): Promise<Execution> {
	begin(
		'Making the video',
		"the lines above are the node's own words. A task that was submitted goes on at the service: examples/4-collect-videos.json collects it.",
	);
	const known = new Set((await recentTasks(client, credential)).map(({ id }) => id));
	const id = await client.startManually(workflow);
	progress.detail('sending the pictures');
	const execution = await watchRun(client, credential, id, known, (task) => {
		if (costsMoney) onPaidTask(task.id);
		progress.detail(task.words);
	});
	if (execution.status === 'success') return execution;
	const { message, description } = execution.error ?? {
		message: `n8n says that the execution is "${execution.status}"`,
	};
	throw new Error([message, description].filter(Boolean).join('\n'));
}

async function saveVideo(
	{ begin, progress }: Stage,
	client: Client,
	item: Item | undefined,
): Promise<void> {
	begin('Saving the video', `see that the folder "${OUT}" can be written, and run the demo again.`);
	const file = await client.downloadBinary(item?.binary?.data?.id ?? '');
	const folder = join(process.cwd(), OUT);
	const path = join(folder, `kling-${String(item?.json.task_id)}.mp4`);
	await mkdir(folder, { recursive: true });
	await writeFile(path, file);
	const facts = readMp4(file);
	progress.end();
	progress.print(
		'',
		`The video is in ./${relative(process.cwd(), path)}`,
		`  ${facts.width} × ${facts.height} (${ratioOf(facts)}), ${facts.seconds.toFixed(1)} s, ` +
			`${Math.round(facts.framesPerSecond)} frames/s, ${facts.codecs.join(' + ')}, ` +
			`${Math.round(facts.bytes / 1000)} kB`,
	);
}
