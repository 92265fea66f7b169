// The calls of a load run: genuine, repeated, unwanted, forged and broken ones, shuffled by a seed.

export type CallKind = 'genuine' | 'repeated' | 'unwanted' | 'forged' | 'broken';

export interface PlannedCall {
	kind: CallKind;
	taskId: string;
	body: string;
	/** whether it carries the right token */
	isTrusted: boolean;
}

/** How many of a hundred calls are of each kind. */
const SHARES: Record<CallKind, number> = {
	genuine: 50,
	repeated: 20,
	unwanted: 12,
	forged: 14,
	broken: 4,
};

/** How many tasks a run of `count` calls needs. */
export function genuineIn(count: number): number {
	return Math.floor((count * SHARES.genuine) / 100);
}

/**
 * Plans a run. A forged call names a task that nobody knows and lacks the token; each genuine one
 * comes once, and its repetitions anywhere, also at the same time.
 *
 * @param taskIds of tasks that have succeeded, `genuineIn(count)` of them
 */
export function planCalls(count: number, taskIds: string[], random: () => number): PlannedCall[] {
	const some = (): string => taskIds[Math.floor(random() * taskIds.length)] ?? '';
	const make: Record<CallKind, (index: number) => PlannedCall> = {
		genuine: (index) => called('genuine', taskIds[index] ?? ''),
		repeated: () => called('repeated', some()),
		unwanted: () => called('unwanted', some(), 'processing'),
		forged: (index) => ({
			...called('forged', `9${String(index).padStart(17, '0')}`),
			isTrusted: false,
		}),
		broken: () => ({ ...called('broken', ''), body: '{"task_id":"1","task_status":' }),
	};
	const kinds = Object.keys(SHARES) as CallKind[];
	const calls = kinds.flatMap((kind) =>
		Array.from({ length: Math.floor((count * SHARES[kind]) / 100) }, (_, index) =>
			make[kind](index),
		),
	);
	return shuffled(calls, random);
}

/** The body of a notification as Kling posts it. */
export function notice(taskId: string, status = 'succeed'): string {
	const videos = [{ id: '1', url: `https://cdn.example.com/${taskId}.mp4`, duration: '5.0' }];
	return JSON.stringify({
		task_id: taskId,
		task_status: status,
		task_status_msg: '',
		created_at: 1722769557708,
		updated_at: 1722769657708,
		task_info: {},
		task_result: status === 'succeed' ? { videos } : {},
	});
}

function called(kind: CallKind, taskId: string, status?: string): PlannedCall {
	return { kind, taskId, body: notice(taskId, status), isTrusted: true };
}

function shuffled<T>(list: T[], random: () => number): T[] {
	const copy = [...list];
	for (let last = copy.length - 1; last > 0; last -= 1) {
		const other = Math.floor(random() * (last + 1));
		[copy[last], copy[other]] = [copy[other] as T, copy[last] as T];
	}
	return copy;
}
