// How much memory a process holds, as Linux counts it.
import { readFile, writeFile } from 'node:fs/promises';

export interface Memory {
	/** Resident now, in megabytes. */
	nowMb: number;
	/** The most since `forgetPeak`, in megabytes. */
	peakMb: number;
}

/**
 * Reads the resident memory of a process.
 * @throws Error on a system without /proc
 */
export async function memoryOf(pid: number): Promise<Memory> {
	const status = await readFile(`/proc/${pid}/status`, 'utf8');
	return { nowMb: megabytes(status, 'VmRSS'), peakMb: megabytes(status, 'VmHWM') };
}

/** Begins the peak anew at what is resident now. */
export async function forgetPeak(pid: number): Promise<void> {
	await writeFile(`/proc/${pid}/clear_refs`, '5');
}

function megabytes(status: string, field: string): number {
	const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status);
	if (found === null) throw new Error(`/proc tells no ${field}`);
	return Number(found[1]) / 1024;
}
