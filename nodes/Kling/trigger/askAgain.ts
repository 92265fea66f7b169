// Asks again, once the sender has its answer: a gateway's record may be behind Kling's notification, or the service be silent.
import type { IWebhookFunctions } from 'n8n-workflow';

import type { Told } from '../api/client';
import { clock } from '../host/clock';
import { judgeByService, type Verdict } from './judge';
import { memoryOf } from './memory';
import type { TriggerSettings } from './settings';

/** The service is asked again after so many milliseconds each: for half a minute. */
const AGAIN_AFTER_MS = [2_000, 3_000, 5_000, 10_000, 10_000];
/** So many tasks at a time: whoever forges notifications does not fill the memory. */
const MOST_TASKS = 500;

/**
 * A notification may come only once, so it is not given up for a record that is late or a service that is silent. In a process one
 * call at a time does this for a task and status, whoever forges however many. Each later one has
 * the whole time before it: the true one may come while a forged one is being asked about.
 *
 * @param told the task as the notification tells of it
 * @returns what the service said in the end; `contradicted` when it kept to its word, `serviceUnavailable`
 *   when it kept silent
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
	if (!isAsked && askingAgain.size >= MOST_TASKS) {
		return { judgement: 'serviceUnavailable', note: `${note}: too many notifications at once` };
	}
	askingAgain.set(key, [...AGAIN_AFTER_MS]);
	if (isAsked) return { judgement: 'repeated', note };
	try {
		let last: Verdict = { judgement: 'contradicted', note };
		const next = () => askingAgain.get(key)?.shift();
		for (let delay = next(); delay !== undefined; delay = next()) {
			await clock.sleep(delay);
			const verdict = await judgeByService(context, settings, told);
			if (verdict.judgement === 'serviceUnavailable') last = verdict;
			else if (verdict.judgement === 'behind') last = { judgement: 'contradicted', note };
			else return verdict;
		}
		return last;
	} catch (thrown) {
		const why = thrown instanceof Error ? thrown.message : 'for an unknown reason';
		return { judgement: 'serviceUnavailable', note: `${note}: ${why}` };
	} finally {
		askingAgain.delete(key);
	}
}
