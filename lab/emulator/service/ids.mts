// Task and video ids of the service's form: 18 digits, more than a JavaScript number can hold.
import { randomInt } from 'node:crypto';

let last = 0n;

/** A new id; larger than every one before. */
export function newId(): string {
	const byTime = BigInt(Date.now()) * 500_000n + BigInt(randomInt(500_000));
	last = byTime > last ? byTime : last + BigInt(1 + randomInt(1000));
	return last.toString();
}
