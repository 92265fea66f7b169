// What a process has used: CPU, memory, disk. Linux only, from /proc.
import { readFile, readdir, writeFile } from 'node:fs/promises';

/** CPU time of all its threads so far, in milliseconds, to the microsecond. */
export async function cpuMsOf(pid: number): Promise<number> {
	const threads = await readdir(`/proc/${pid}/task`);
	const used = await Promise.all(
		threads.map(async (thread) => {
			const text = await readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').catch(
				endedThread,
			);
			return Number(text.split(' ')[0]);
		}),
	);
	return used.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e6;
}

export interface Memory {
	/** resident now, in megabytes */
	nowMb: number;
	/** the most since `forgetPeak`, in megabytes */
	peakMb: number;
}

export async function memoryOf(pid: number): Promise<Memory> {
	const status = await readFile(`/proc/${pid}/status`, 'utf8');
	return { nowMb: kilobytes(status, 'VmRSS') / 1024, peakMb: kilobytes(status, 'VmHWM') / 1024 };
}

/** Begins the peak anew at what is resident now. */
export async function forgetPeak(pid: number): Promise<void> {
	await writeFile(`/proc/${pid}/clear_refs`, '5');
}

/** Bytes that it has given to the disk so far. */
export async function writtenBytesOf(pid: number): Promise<number> {
	const found = /^write_bytes: (\d+)$/m.exec(await readFile(`/proc/${pid}/io`, 'utf8'));
	if (found === null) throw new Error('/proc tells no write_bytes');
	return Number(found[1]);
}

function kilobytes(status: string, field: string): number {
	const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status);
	if (found === null) throw new Error(`/proc tells no ${field}`);
	return Number(found[1]);
}

/** A thread may end between the listing and the reading. */
function endedThread(thrown: unknown): string {
	const gone = thrown instanceof Error && 'code' in thrown;
	if (gone && (thrown.code === 'ENOENT' || thrown.code === 'ESRCH')) return '0';
	throw thrown;
}
