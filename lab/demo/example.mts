// Reads the workflows of examples/ and gives their nodes credentials, as a user does after the import.
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CredentialReference } from '../instance/api/credentials.mts';
import type { SavedWorkflow } from '../instance/api/workflows.mts';
import { referTo, type WorkflowJson, type WorkflowNode } from '../instance/workflows.mts';

const EXAMPLES = join(import.meta.dirname, '..', '..', 'examples');
export const SAMPLE_IMAGES = join(EXAMPLES, 'images');

/** Where the examples find the sample images until a user puts other pictures in. */
export const SAMPLE_IMAGES_URL =
	'https://raw.githubusercontent.com/n8n-nodes-kling-video/n8n-nodes-kling-video/main/examples/images';

/** The file names of all example workflows, in their order. */
export async function exampleNames(): Promise<string[]> {
	return (await readdir(EXAMPLES)).filter((name) => name.endsWith('.json')).sort();
}

/** One example as it is in the repository. */
export async function readExample(name: string): Promise<WorkflowJson> {
	return JSON.parse(await readFile(join(EXAMPLES, name), 'utf8')) as WorkflowJson;
}

/** A copy whose nodes use the given credentials, each where its type is wanted. */
export function withCredentials(
	workflow: WorkflowJson,
	credentials: readonly CredentialReference[],
): WorkflowJson {
	const nodes = workflow.nodes.map((node) => {
		const fitting = credentials.find(({ type }) => type === credentialTypeOf(node));
		return fitting === undefined ? node : { ...node, credentials: referTo(fitting) };
	});
	return { ...workflow, nodes };
}

/** A node of a workflow by its name; throws where there is none, so that renamed nodes are noticed. */
export function nodeNamed({ nodes }: WorkflowJson | SavedWorkflow, name: string): WorkflowNode {
	const found = nodes.find((node) => node.name === name);
	if (found === undefined) throw new Error(`The workflow has no node "${name}".`);
	return found;
}

function credentialTypeOf({ type }: WorkflowNode): string | undefined {
	if (type.startsWith('n8n-nodes-kling-video.')) return 'klingApi';
	return type.endsWith('.lmChatOpenAi') ? 'openAiApi' : undefined;
}
