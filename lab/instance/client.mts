// Drives a running n8n as its editor does: owner, credentials, workflows, runs, executions, files.
import { request } from 'undici';
import { z } from 'zod';
import { credentialCalls } from './api/credentials.mts';
import { ENDED, type Execution } from './api/execution.mts';
import { executionCalls } from './api/executions.mts';
import { nodeTypeCalls } from './api/nodeTypes.mts';
import { type RestSession, openSession } from './api/rest.mts';
import { type SavedWorkflow, workflowCalls } from './api/workflows.mts';
import { WEBHOOK_TYPE } from './workflows.mts';

export type { CredentialReference } from './api/credentials.mts';

const TIMEOUT_MS = 60_000;

export interface Owner {
	email: string;
	password: string;
}

/** The login of every instance that is set up here; it listens on loopback only. */
const OWNER: Owner = { email: 'owner@example.com', password: 'Kling-Lab-2026' };

interface WebhookAnswer {
	status: number;
	body: string;
}

export type Client = Awaited<ReturnType<typeof connect>>;

/**
 * Sets the owner up (or logs in where there is one) and returns the driver.
 * @param url of n8n's main process, without a slash at the end
 * @param webhookUrl of the process that answers production webhooks; in queue mode another one
 */
export async function connect(url: string, webhookUrl = url, owner: Owner = OWNER) {
	const rest = openSession(url);
	await logIn(rest, owner);
	const workflows = workflowCalls(rest);
	const executions = executionCalls(rest);

	/** Calls the production webhook `/webhook/<path>` with a JSON body. */
	async function callWebhook(path: string, body: unknown = {}): Promise<WebhookAnswer> {
		const response = await request(`${webhookUrl}/webhook/${path}`, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify(body),
		});
		return { status: response.statusCode, body: await response.body.text() };
	}

	return {
		url,
		owner,
		/** for calls that have no function of their own here */
		rest,
		close: rest.close,
		...credentialCalls(rest),
		...nodeTypeCalls(rest),
		...workflows,
		...executions,
		callWebhook,

		/** Runs a workflow by hand and waits until it has ended. */
		async runManually(workflow: SavedWorkflow, timeoutMs = TIMEOUT_MS): Promise<Execution> {
			const id = await workflows.startManually(workflow);
			return await executions.waitForExecution(id, ENDED, timeoutMs);
		},

		/** Starts a published workflow through its Webhook node and returns the execution's id. */
		async startByWebhook(workflow: SavedWorkflow, body: unknown = {}): Promise<string> {
			const trigger = workflow.nodes.find(({ type }) => type === WEBHOOK_TYPE);
			if (!trigger) throw new Error(`The workflow "${workflow.name}" has no Webhook node.`);
			return await executions.startedBy(workflow.id, async () => {
				const answer = await callWebhook(String(trigger.parameters.path), body);
				if (answer.status !== 200) {
					throw new Error(`The webhook answered ${answer.status}: ${answer.body.slice(0, 300)}`);
				}
			});
		},
	};
}

async function logIn(rest: RestSession, { email, password }: Owner): Promise<void> {
	const settings = z.object({
		userManagement: z.object({ showSetupOnFirstLoad: z.boolean() }),
	});
	const { userManagement } = await rest.call(settings, { path: '/rest/settings' });
	const [path, body] = userManagement.showSetupOnFirstLoad
		? ['/rest/owner/setup', { email, password, firstName: 'Lab', lastName: 'Owner' }]
		: ['/rest/login', { email, emailOrLdapLoginId: email, password }];
	await rest.call(z.unknown(), { method: 'POST', path, body });
}
