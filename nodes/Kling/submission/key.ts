// The idempotency key (`external_task_id`): a fingerprint of the work, and the scope in which it counts as the same.
import { createHash } from 'node:crypto';

/** The service's limit for `external_task_id`. */
export const MAX_KEY_LENGTH = 64;

const FINGERPRINT_LENGTH = 24;
const MAX_PLAIN_ID = 16;
const MAX_PLACE = 17;

interface FingerprintSource {
	instanceId: string;
	workflowId: string;
	nodeId: string;
	/** What is asked for, as text in a fixed order, without callback URL and external id. */
	request: string;
}

export type Scope =
	/**
	 * `execution`: from `executionScope` or `lineageScope`. `ordinal`: counts equal requests of the execution;
	 * left out in calls by an AI tool, where every try counts as a run of its own.
	 */
	| { reuse: 'execution'; execution: string; ordinal?: number }
	| { reuse: 'workflow' }
	/** `chance`: any text that does not come twice. */
	| { reuse: 'never'; chance: string };

interface ParsedKey {
	fingerprint: string;
	/** As `executionScope` or `lineageScope` made it. */
	execution?: string;
	/** Readable only where `executionScope` could write it out. */
	executionId?: string;
	ordinal?: number;
	/** 0 for the first try; the number grows when a task failed and the work is tried anew. */
	attempt?: number;
}

/**
 * Names the work: equal work of the same node has the same fingerprint.
 *
 * @returns 24 hexadecimal digits
 */
export function fingerprintOf(source: FingerprintSource): string {
	const { instanceId, workflowId, nodeId, request } = source;
	return digest(JSON.stringify([instanceId, workflowId, nodeId, request]), FINGERPRINT_LENGTH);
}

/**
 * The scope of an execution and all its retries by hand, and of no other execution: not even of one with
 * the same id after a reset of the database.
 *
 * @param establishedAt Unix time in milliseconds, which n8n keeps over retries
 * @param executionId given where another execution began in the same millisecond
 */
export function lineageScope(establishedAt: number, executionId?: string): string {
	const lineage = `t${Math.round(establishedAt).toString(36)}`;
	return executionId === undefined ? lineage : `${lineage}x${digest(executionId, 8)}`;
}

/** The scope of one execution, where n8n does not tell what stays the same over its retries. */
export function executionScope(executionId: string): string {
	const plain = executionId.length <= MAX_PLAIN_ID && /^[A-Za-z\d]+$/.test(executionId);
	return plain ? `e${executionId}` : `x${digest(executionId, 12)}`;
}

/**
 * The key of one attempt, for example `3f0c…a9-tmi8z4k1c-n3-a0`.
 *
 * @returns 64 characters at most, of `A-Z a-z 0-9 - _`
 */
export function keyOf(fingerprint: string, scope: Scope, attempt: number): string {
	switch (scope.reuse) {
		case 'workflow':
			return `${fingerprint}-w-a${attempt}`;
		case 'never':
			return `${fingerprint}-n${digest(scope.chance, 16)}-a${attempt}`;
		case 'execution':
			return `${fingerprint}-${scope.execution}-${placePart(scope.ordinal, attempt)}`;
	}
}

/**
 * The key of one attempt under a user's own id: the id as it is, and a suffix once its task has failed,
 * because a service takes an id only once. The suffix holds a digest, so that no id of another item
 * (`scene-1-a1`) looks like the second attempt of `scene-1`.
 */
export function ownKeyOf(userKey: string, attempt: number): string {
	if (attempt === 0) return userKey;
	const suffix = `-${digest(JSON.stringify([userKey, attempt]), 12)}-a${attempt}`;
	return userKey.slice(0, MAX_KEY_LENGTH - suffix.length) + suffix;
}

/**
 * Reads a key of this package back.
 *
 * @returns undefined for ids that others chose
 */
export function parseKey(externalId: string): ParsedKey | undefined {
	const parts =
		/^(?<fingerprint>[\da-f]{24})-(?:w|n[\da-f]{16}|(?<execution>e(?<id>[A-Za-z\d]{1,16})|x[\da-f]{12}|t[\da-z]{1,11}(?:x[\da-f]{8})?))(?:-n(?<ordinal>\d+))?(?:-a(?<attempt>\d+)|-p[\da-f]{16})$/.exec(
			externalId,
		)?.groups;
	if (parts?.fingerprint === undefined) return undefined;
	return {
		fingerprint: parts.fingerprint,
		execution: parts.execution,
		executionId: parts.id,
		ordinal: numberOf(parts.ordinal),
		attempt: numberOf(parts.attempt),
	};
}

function placePart(ordinal: number | undefined, attempt: number): string {
	const plain = ordinal === undefined ? `a${attempt}` : `n${ordinal}-a${attempt}`;
	return plain.length <= MAX_PLACE && /^[\da-z-]+$/.test(plain) ? plain : `p${digest(plain, 16)}`;
}

function digest(text: string, length: number): string {
	return createHash('sha256').update(text).digest('hex').slice(0, length);
}

function numberOf(digits: string | undefined): number | undefined {
	return digits === undefined ? undefined : Number(digits);
}
