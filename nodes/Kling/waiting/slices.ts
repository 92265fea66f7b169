// When a sleeping execution is to wake up next. Pure.

export interface SliceFacts {
	/** Unix time in milliseconds. */
	now: number;
	/** The nearest deadline of an open task, Unix time in milliseconds. */
	deadline: number;
	/** The service will call when a task has ended. */
	callbackExpected: boolean;
	/** How often the execution has woken up before. */
	wakes: number;
	/** How much earlier than planned it has just woken up, because it was called; negative: later. In milliseconds. */
	earlyMs: number;
	/** The execution holds so much data that each wake-up is a burden to n8n's database. */
	muchData: boolean;
}

/** n8n's timer looks once a minute and takes what falls due within 70 s: a shorter slice would be late. */
export const SHORTEST_SLICE_MS = 60_000;
const LONG_SLICE_MS = 300_000;
/** A slice that is no longer than n8n's timer looks ahead is on time. */
const FIRST_SLICES_MS = 65_000;
const MIDDLE_SLICES_MS = 120_000;
/** The number of slices of each length, without a callback. */
const FIRST_SLICES = 4;
const MIDDLE_SLICES = 5;

/**
 * With a callback 300 s, or 60 s after a call: gateways may know of an end later than Kling, and calls that come
 * while the execution is awake are lost. Without one 65 s for the first few, then 120 s, then 300 s. Who wakes up late
 * sleeps longer: all slots for executions are taken then, and n8n queues one more copy for each minute of waiting.
 *
 * @returns Unix time in milliseconds; the deadline when no whole slice would be left after this one
 */
export function nextWake(facts: SliceFacts): number {
	const { now, deadline } = facts;
	const slice = Math.max(sliceOf(facts), Math.min(-2 * facts.earlyMs, LONG_SLICE_MS));
	return now + slice + SHORTEST_SLICE_MS > deadline
		? Math.max(deadline, now + SHORTEST_SLICE_MS)
		: now + slice;
}

function sliceOf({ callbackExpected, wakes, earlyMs, muchData }: SliceFacts): number {
	if (muchData) return LONG_SLICE_MS;
	if (callbackExpected) return earlyMs > CALLED_MS ? SHORTEST_SLICE_MS : LONG_SLICE_MS;
	if (wakes < FIRST_SLICES) return FIRST_SLICES_MS;
	return wakes < FIRST_SLICES + MIDDLE_SLICES ? MIDDLE_SLICES_MS : LONG_SLICE_MS;
}

/** Who wakes up so much earlier than planned was called. */
const CALLED_MS = 5_000;
