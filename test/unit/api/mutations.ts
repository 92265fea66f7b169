// The published samples as a careless gateway may change them, secrets included.
import fc from 'fast-check';

import { sample, sampleNames } from './payloads';

export const KEY = 'k3y-0f-th3-cr3d3nt1al';
const SECRETS = [
	KEY,
	'sk-proj-Abc123def456',
	'api-key-kling-Zz9_yy8',
	'whsec_c2VjcmV0c2VjcmV0',
	'Bearer qwertyuiop1234',
];
/** What no text that a person sees may hold. */
export const SECRET_PARTS = [KEY, 'Abc123def456', 'Zz9_yy8', 'c2VjcmV0c2VjcmV0', 'qwertyuiop1234'];

const samples = fc.constantFrom(...sampleNames()).map((name) => ({ name, body: sample(name) }));

/** What a careless gateway may put in the place of any value. */
const oddity = fc.oneof(
	fc.constantFrom<unknown>(
		null,
		'',
		' ',
		0,
		-1,
		1e300,
		'0',
		'null',
		true,
		[],
		{},
		[null],
		[[]],
		{}.constructor.name,
	),
	fc.constantFrom<unknown>(
		'__proto__',
		'constructor',
		'toString',
		'SUCCEED',
		'FAILURE',
		'UNKNOWN',
		1303,
		'1303',
		5002,
	),
	fc.constantFrom<unknown>(
		'{"code":1303,"message":"{\\"error\\":{\\"code\\":1302}}"}',
		'{',
		'[1]',
		'{"message":{}}',
	),
	fc.constantFrom<unknown>(...SECRETS.map((secret) => `the key ${secret} is bad`), ...SECRETS),
	fc.jsonValue({ maxDepth: 3 }),
);

type Path = Array<string | number>;

function pathsOf(value: unknown, path: Path = []): Path[] {
	if (typeof value !== 'object' || value === null) return [path];
	return [path, ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, key]))];
}

/** A copy of `value` in which one place is replaced, or taken out where `to` is undefined. */
function changed(value: unknown, [key, ...rest]: Path, to: unknown): unknown {
	if (key === undefined) return to;
	const copy = structuredClone(value) as Record<string, unknown>;
	const inner = changed(copy[key], rest, to);
	if (inner === undefined) delete copy[key];
	else copy[key] = inner;
	return copy;
}

/** A sample in which up to four places are replaced, renamed or taken out, perhaps wrapped once more. */
export const mutation = fc
	.tuple(
		samples,
		fc.array(fc.tuple(fc.nat(), fc.option(oddity, { nil: undefined })), { maxLength: 4 }),
		fc.nat(9),
	)
	.map(([{ body }, changes, wrap]) => {
		const mutated = changes.reduce<unknown>((value, [place, to]) => {
			const paths = pathsOf(value);
			return changed(value, paths[place % paths.length] ?? [], to);
		}, body);
		if (wrap === 0) return { code: 0, message: 'SUCCEED', data: mutated };
		if (wrap === 1)
			return { code: 'fail_to_fetch_task', message: JSON.stringify(mutated), data: null };
		return mutated;
	});
