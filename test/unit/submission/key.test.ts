// The idempotency key: the same for the same work, another for any other, and within what services take.
import fc from 'fast-check';

import {
	executionScope,
	fingerprintOf,
	keyOf,
	lineageScope,
	MAX_KEY_LENGTH,
	ownKeyOf,
	parseKey,
	type Scope,
} from '../../../nodes/Kling/submission/key';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const source = { instanceId: 'i', workflowId: 'w', nodeId: 'n', request: '{"prompt":"a cat"}' };
const fingerprint = fingerprintOf(source);

describe(`idempotency key (seed ${seed})`, () => {
	it.each(['instanceId', 'workflowId', 'nodeId', 'request'] as const)(
		'has another fingerprint for another %s',
		(field) => {
			expect(fingerprintOf({ ...source, [field]: 'other' })).not.toBe(fingerprint);
		},
	);

	it('has the same fingerprint for the same work', () => {
		expect(fingerprintOf({ ...source })).toBe(fingerprint);
	});

	it('reads as a fingerprint and a scope', () => {
		const scope: Scope = { reuse: 'execution', execution: executionScope('1042'), ordinal: 7 };
		expect(keyOf(fingerprint, scope, 1)).toBe(`${fingerprint}-e1042-n7-a1`);
		expect(keyOf(fingerprint, { reuse: 'execution', execution: 'e1042' }, 0)).toBe(
			`${fingerprint}-e1042-a0`,
		);
		const lineage = lineageScope(1_763_683_200_000);
		expect(keyOf(fingerprint, { reuse: 'execution', execution: lineage, ordinal: 0 }, 0)).toBe(
			`${fingerprint}-tmi83fuo0-n0-a0`,
		);
		expect(keyOf(fingerprint, { reuse: 'workflow' }, 0)).toBe(`${fingerprint}-w-a0`);
	});

	it('differs between executions, equal requests and attempts, and not otherwise', () => {
		const key = (execution: string, ordinal: number, attempt: number) =>
			keyOf(fingerprint, { reuse: 'execution', execution, ordinal }, attempt);
		const keys = [key('e1', 0, 0), key('e2', 0, 0), key('e1', 1, 0), key('e1', 0, 1)];
		expect(new Set(keys).size).toBe(4);
		expect(key('e1', 0, 0)).toBe(keys[0]);
	});

	it('is the same in all retries of an execution, and another after a reset of the database', () => {
		expect(lineageScope(1_700_000_000_000)).toBe(lineageScope(1_700_000_000_000));
		expect(lineageScope(1_700_000_000_000)).not.toBe(lineageScope(1_700_000_000_001));
		expect(lineageScope(1_700_000_000_000, '10')).not.toBe(lineageScope(1_700_000_000_000, '11'));
	});

	it('is another one for every chance where nothing is to be used again', () => {
		const key = (chance: string) => keyOf(fingerprint, { reuse: 'never', chance }, 0);
		expect(key('a')).not.toBe(key('b'));
	});

	it('has 64 characters at most, of the allowed ones, and can be read back, whatever the execution is called', () => {
		const name = fc.oneof(fc.string(), fc.stringMatching(/^[A-Za-z0-9]{1,40}$/), fc.uuid());
		const time = fc.nat({ max: 8_640_000_000_000_000 });
		const execution = fc.oneof(
			name.map(executionScope),
			time.map((at) => lineageScope(at)),
			fc.tuple(time, name).map(([at, id]) => lineageScope(at, id)),
		);
		const scope = fc.record({ execution, ordinal: fc.nat({ max: Number.MAX_SAFE_INTEGER }) });
		fc.assert(
			fc.property(scope, fc.nat({ max: 20 }), (place, attempt) => {
				const key = keyOf(fingerprint, { reuse: 'execution', ...place }, attempt);
				expect(key.length).toBeLessThanOrEqual(MAX_KEY_LENGTH);
				expect(key).toMatch(/^[A-Za-z0-9_-]+$/);
				expect(parseKey(key)).toMatchObject({ fingerprint, execution: place.execution });
			}),
			{ seed },
		);
	});

	it('gives its parts back where they are written out', () => {
		const parts = fc.record({ executionId: fc.nat().map(String), ordinal: fc.nat({ max: 9999 }) });
		fc.assert(
			fc.property(parts, fc.nat({ max: 20 }), ({ executionId, ordinal }, attempt) => {
				const execution = executionScope(executionId);
				const key = keyOf(fingerprint, { reuse: 'execution', execution, ordinal }, attempt);
				expect(parseKey(key)).toEqual({ fingerprint, execution, executionId, ordinal, attempt });
			}),
			{ seed },
		);
	});

	it.each(['order-4711', '', 'a'.repeat(64), `${'0'.repeat(24)}-e1`, `${'0'.repeat(24)}-q1-a0`])(
		'does not read another one\'s id "%s"',
		(id) => {
			expect(parseKey(id)).toBeUndefined();
		},
	);
});

describe('own id', () => {
	it('is used as it is at first, and with a suffix after its task failed', () => {
		expect(ownKeyOf('order-4711', 0)).toBe('order-4711');
		expect(ownKeyOf('order-4711', 2)).toMatch(/^order-4711-[\da-f]{12}-a2$/);
	});

	it('of another item never looks like an attempt of this one', () => {
		expect(ownKeyOf('scene-1', 1)).not.toBe('scene-1-a1');
		expect(ownKeyOf('scene-1', 1)).not.toBe(ownKeyOf('scene-1-a1', 0));
	});

	it('stays within 64 characters, and two long ids stay two', () => {
		const long = 'x'.repeat(64);
		const other = `${'x'.repeat(63)}y`;
		expect(ownKeyOf(long, 1)).toHaveLength(64);
		expect(ownKeyOf(long, 1)).not.toBe(ownKeyOf(other, 1));
	});
});
