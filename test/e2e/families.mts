// What the suites about the model families share: submits of any model with public pictures, and what came of them.
import assert from 'node:assert/strict';
import type { Item, NodeRun } from '../../lab/instance/api/execution.mts';
import { videoFacts } from '../../lab/media/facts.mts';
import {
	openStage,
	runKling,
	sharedStage,
	submitParameters,
	type RunSettings,
	type Stage,
} from './stage.mts';

export const MULTI_IMAGE = 'kling-v1-6';
export const O1 = 'kling-video-o1';
export const V3 = 'kling-v3-omni';
export const PATIENCE_MS = 120_000;
/** A public host that the emulator plays, so that no remark about private addresses is made. */
const PICTURES = 'https://pictures.example.com';

/** The one stage of a test file, on which every model is to be had. */
export const sharedFamilies = (): Stage =>
	sharedStage(openFamilies, ({ emulator }) => {
		emulator.settings.retiredModels = {};
	});

async function openFamilies(): Promise<Stage> {
	const stage = await openStage({ front: true });
	stage.emulator.settings.rewriteOrigins = { [PICTURES]: stage.emulator.url };
	return stage;
}

export const NAMES = [
	'dog.png',
	'jacket.jpg',
	'ball.png',
	'garden.jpg',
	'narrowest.png',
	'dog.png',
	'ball.png',
];

/** As many links to pictures, as JSON. */
const pictures = (count: number) =>
	JSON.stringify(
		Array.from({ length: count }, (_, n) => `${PICTURES}/images/${NAMES[n % NAMES.length]}`),
	);

/** The model as the form keeps it when a name was typed. */
export const typed = (model: string) => ({ __rl: true, mode: 'id', value: model });

/** The parameters of a submit with a model and so many pictures. */
export const picture = (
	{ emulator }: Stage,
	model: string,
	count = 1,
	changes: Record<string, unknown> = {},
) =>
	submitParameters(emulator, {
		model: typed(model),
		imageInput: 'json',
		imagesJson: pictures(count),
		prompt: 'A dog runs over the beach',
		...changes,
	});

export const polling = {
	afterSubmit: 'wait',
	downloadVideo: true,
	options: { waitUsing: 'poll', pollIntervalSeconds: 1 },
};

async function run(
	stage: Stage,
	parameters: Record<string, unknown>,
	settings: Partial<RunSettings> = {},
) {
	const credential = await stage.credential();
	return await runKling(stage, parameters, { credential, ...settings }, PATIENCE_MS);
}

/** A run that has to end well. */
export async function good(
	stage: Stage,
	parameters: Record<string, unknown>,
	settings?: Partial<RunSettings>,
): Promise<NodeRun> {
	const { execution, run: ended } = await run(stage, parameters, settings);
	assert.equal(
		execution.status,
		'success',
		`${execution.error?.message} ${execution.error?.description}`,
	);
	return ended;
}

/** The words with which a run ended badly. */
export async function refusal(
	stage: Stage,
	parameters: Record<string, unknown>,
	settings?: Partial<RunSettings>,
): Promise<string> {
	const { execution } = await run(stage, parameters, settings);
	assert.equal(execution.status, 'error');
	return `${execution.error?.message} ${execution.error?.description}`;
}

/** What the video of an item really holds. */
export async function file({ client }: Stage, item: Item | undefined) {
	assert.equal(item?.binary?.data?.mimeType, 'video/mp4');
	return videoFacts(await client.downloadBinary(String(item?.binary?.data?.id)));
}

export const newest = ({ emulator }: Stage) => emulator.tasks.list().at(-1);

/** How often the service was asked for single tasks. */
export const questions = ({ emulator }: Stage) =>
	emulator.calls().filter(({ kind }) => kind === 'get').length;
