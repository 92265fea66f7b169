// What this process remembers of each trigger between two calls; n8n makes everything else anew for every call.
import type { IWebhookFunctions } from 'n8n-workflow';

import type { FindOutcome } from '../actions/task/findTask';
import { families, type Family } from '../api/models';
import type { Task } from '../api/task';
import { SeenTasks } from '../callbacks/seen';
import type { TriggerSettings } from './settings';

export interface TriggerMemory {
	seen: SeenTasks;
	/** Questions on their way to the service, by status and task, so that duplicates share one. */
	asking: Map<string, Promise<FindOutcome>>;
	/** By status and task, where the service did not confirm a notification at once: the waits that are left to it. */
	askingAgain: Map<string, number[]>;
	/** Where the last task was found: asked first next time, so that one request is enough. */
	likelyFamily: Family;
}

const triggers = new Map<string, TriggerMemory>();

/** The memory of the trigger that is being called; lives as long as the process. */
export function memoryOf(context: IWebhookFunctions): TriggerMemory {
	const key = `${context.getWorkflow().id ?? ''}/${context.getNode().id}`;
	const known = triggers.get(key);
	if (known !== undefined) return known;
	const memory: TriggerMemory = {
		seen: new SeenTasks(),
		asking: new Map(),
		askingAgain: new Map(),
		likelyFamily: families.multiImage,
	};
	triggers.set(key, memory);
	return memory;
}

/** The guard against starting twice for one task and status. */
interface Repetitions {
	has(task: Task): boolean;
	/** Takes the right to start; false when somebody took it before. */
	claim(task: Task): boolean;
}

const EVERY_CALL_COUNTS: Repetitions = { has: () => false, claim: () => true };

/**
 * The process' memory decides; the workflow's static data carries it over a restart. Every write
 * holds all that the process knows, because n8n gives each call its own copy of the static data
 * and the last one to be saved wins.
 *
 * A test from the editor may be repeated at will.
 */
export function repetitionsOf(context: IWebhookFunctions, settings: TriggerSettings): Repetitions {
	if (!settings.options.deduplicate || context.getMode() === 'manual') return EVERY_CALL_COUNTS;
	const { seen } = memoryOf(context);
	const stored = context.getWorkflowStaticData('node');
	seen.absorb(stored.seen);
	return {
		has: ({ id, status }) => seen.has(id, status),
		claim: ({ id, status }) => {
			if (seen.has(id, status)) return false;
			seen.add(id, status);
			stored.seen = seen.record;
			return true;
		},
	};
}
