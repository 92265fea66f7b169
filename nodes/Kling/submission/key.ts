// The idempotency key (`external_task_id`): a fingerprint of the work, and the scope in which it counts as the same.
import { createHash } from 'node:crypto';

/** How far a task is used again; the node's option *Reuse a Task*. */
export type Reuse = 'execution' | 'workflow' | 'never';

/** The service's limit for `external_task_id`. */
export const MAX_KEY_LENGTH = 64;

const FINGERPRINT_LENGTH = 24;
const MAX_PLAIN_ID = 16;
const MAX_PLACE = 18;

interface FingerprintSource {
	instanceId: string;
	workflowId: string;
	nodeId: string;
	/** What is asked for, as text in a fixed order, without callback URL and external id. */
	request: string;
}

export type Scope =
	/** As an AI tool without run and item: n8n counts a run for every try. */
	| { reuse: 'execution'; executionId: string; run?: number; item?: number }
	| { reuse: 'workflow' }
	/** `chance`: any text that does not come twice. */
	| { reuse: 'never'; chance: string };

interface ParsedKey {
	fingerprint: string;
	executionId?: string;
	/** Instead of an execution id that is too long to be written out: what `hashOf` makes of it. */
	executionHash?: string;
	run?: number;
	item?: number;
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
 * The key of one attempt, for example `3f0c…a9-e1042-r0-i3-a0`.
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
			return `${fingerprint}-${executionPart(scope.executionId)}-${placePart(scope, attempt)}`;
	}
}

/**
 * The key of one attempt under a user's own id: the id as it is, and a suffix once its task has failed,
 * because a service takes an id only once.
 */
export function ownKeyOf(userKey: string, attempt: number): string {
	if (attempt === 0) return userKey;
	const suffix = `-a${attempt}`;
	if (userKey.length + suffix.length <= MAX_KEY_LENGTH) return userKey + suffix;
	const hash = digest(userKey, 12);
	const room = MAX_KEY_LENGTH - suffix.length - hash.length - 1;
	return `${userKey.slice(0, room)}-${hash}${suffix}`;
}

/**
 * Reads a key of this package back.
 *
 * @returns undefined for ids that others chose
 */
export function parseKey(externalId: string): ParsedKey | undefined {
	const parts =
		/^(?<fingerprint>[\da-f]{24})-(?:w|n[\da-f]{16}|e(?<id>[A-Za-z\d]{1,16})|x(?<hash>[\da-f]{12}))(?:-r(?<run>\d+)-i(?<item>\d+))?(?:-a(?<attempt>\d+)|-p[\da-f]{16})$/.exec(
			externalId,
		)?.groups;
	if (parts?.fingerprint === undefined) return undefined;
	return {
		fingerprint: parts.fingerprint,
		executionId: parts.id,
		executionHash: parts.hash,
		run: numberOf(parts.run),
		item: numberOf(parts.item),
		attempt: numberOf(parts.attempt),
	};
}

/** True when the key was made in this execution. */
export function isOfExecution(key: ParsedKey, executionId: string): boolean {
	return key.executionId === executionId || key.executionHash === hashOf(executionId);
}

/** n8n's execution ids are short numbers; whatever else comes is hashed. */
function executionPart(executionId: string): string {
	const plain = executionId.length <= MAX_PLAIN_ID && /^[A-Za-z\d]+$/.test(executionId);
	return plain ? `e${executionId}` : `x${hashOf(executionId)}`;
}

function placePart(scope: { run?: number; item?: number }, attempt: number): string {
	const plain =
		scope.run === undefined || scope.item === undefined
			? `a${attempt}`
			: `r${scope.run}-i${scope.item}-a${attempt}`;
	return plain.length <= MAX_PLACE && /^[\da-z-]+$/.test(plain) ? plain : `p${digest(plain, 16)}`;
}

function hashOf(executionId: string): string {
	return digest(executionId, 12);
}

function digest(text: string, length: number): string {
	return createHash('sha256').update(text).digest('hex').slice(0, length);
}

function numberOf(digits: string | undefined): number | undefined {
	return digits === undefined ? undefined : Number(digits);
}
