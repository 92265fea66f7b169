// Waits, once the sender has its answer, for a gateway whose own record is behind the notification that Kling sent.
import type { IWebhookFunctions } from 'n8n-workflow';

import type { Told } from '../api/client';
import { clock } from '../host/clock';
import { judgeByService, type Verdict } from './judge';
import { memoryOf } from './memory';
import type { TriggerSettings } from './settings';

/** The service is asked again after so many milliseconds each: for half a minute. */
const AGAIN_AFTER_MS = [2_000, 3_000, 5_000, 10_000, 10_000];

/**
 * A notification comes once, so it is not given up for a record that is late. In a process one
 * call at a time does this for a task and status, whoever forges however many. Each later one has
 * the whole time before it: the true one may come while a forged one is being asked about.
 *
 * @param told the task as the notification tells of it
 * @returns what the service said in the end; `contradicted` when it kept to its word
 */
export async function askAgain(
	context: IWebhookFunctions,
	settings: TriggerSettings,
	told: Told,
): Promise<Verdict> {
	const { askingAgain } = memoryOf(context);
	const note = `task ${told.task.id}`;
	const key = `${told.task.status}:${told.task.id}`;
	const isAsked = askingAgain.has(key);
	askingAgain.set(key, [...AGAIN_AFTER_MS]);
	if (isAsked) return { judgement: 'repeated', note };
	try {
		const next = () => askingAgain.get(key)?.shift();
		for (let delay = next(); delay !== undefined; delay = next()) {
			await clock.sleep(delay);
			const verdict = await judgeByService(context, settings, told);
			const isOpen = verdict.judgement === 'behind' || verdict.judgement === 'serviceUnavailable';
			if (!isOpen) return verdict;
		}
		return { judgement: 'contradicted', note };
	} catch (thrown) {
		const why = thrown instanceof Error ? thrown.message : 'for an unknown reason';
		return { judgement: 'serviceUnavailable', note: `${note}: ${why}` };
	} finally {
		askingAgain.delete(key);
	}
}
