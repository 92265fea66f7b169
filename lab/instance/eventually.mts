// Waiting in tests: asks again and again until something is so.
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 150;

/**
 * Asks until the answer is true.
 * @param what is waited for, as it reads after "Waited … ms for"
 * @throws Error when it is not so after `timeoutMs`
 */
export async function eventually(
	what: string,
	timeoutMs: number,
	isSo: () => Promise<boolean>,
): Promise<void> {
	const deadline = Date.now() + timeoutMs;
	while (!(await isSo())) {
		if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms for ${what}`);
		await sleep(POLL_MS);
	}
}
