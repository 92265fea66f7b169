// One video brought into a real n8n, with what it cost in memory and time.
import type { Emulator } from '../../lab/emulator/emulator.mts';
import { runOf } from '../../lab/instance/api/execution.mts';
import type { Client, CredentialReference } from '../../lab/instance/client.mts';
import type { N8n } from '../../lab/instance/n8n.mts';
import { items, kling, manualTrigger, workflow } from '../../lab/instance/workflows.mts';
import { forgetPeak, memoryOf } from '../../lab/bench/process.mts';

export interface Ground {
	emulator: Emulator;
	n8n: N8n;
	client: Client;
	credential: CredentialReference;
}

export interface DownloadReport {
	how: 'poll' | 'callback';
	/** The size of the stored file, as n8n words it. */
	stored: string;
	seconds: number;
	beforeMb: number;
	/** The most that was resident at any moment. */
	peakMb: number;
	afterMb: number;
	/** `peakMb` over `beforeMb`. */
	growthMb: number;
}

const TIMEOUT_MS = 300_000;

/**
 * Submits a video of a size and waits for it, asking or asleep; memory counts from the moment at
 * which the task is finished.
 */
export async function measureDownload(
	{ emulator, n8n, client, credential }: Ground,
	how: DownloadReport['how'],
	sizeMb: number,
): Promise<DownloadReport> {
	const saved = await client.createWorkflow(
		workflow([
			manualTrigger(),
			items([{ json: { prompt: `A dog [lifetime 1h] [size ${sizeMb}MB]` } }]),
			kling(
				{
					resource: 'task',
					operation: 'submit',
					imageInput: 'fields',
					images: { image: [{ source: 'url', url: emulator.imageUrl('dog.png') }] },
					prompt: '={{ $json.prompt }}',
					afterSubmit: 'wait',
					downloadVideo: true,
					options: { waitUsing: how, pollIntervalSeconds: 1 },
				},
				credential,
			),
		]),
	);
	const known = new Set(emulator.tasks.list().map(({ id }) => id));
	const id = await client.startManually(saved);
	if (how === 'callback') await client.waitForExecution(id, ['waiting'], TIMEOUT_MS);
	while (emulator.tasks.list().every((task) => known.has(task.id))) await client.getExecution(id);

	const pid = n8n.pid();
	await forgetPeak(pid);
	const before = await memoryOf(pid);
	const started = Date.now();
	for (const task of emulator.tasks.list()) {
		if (!known.has(task.id)) emulator.tasks.succeed(task.id);
	}
	const execution = await client.waitForExecution(id, undefined, TIMEOUT_MS);
	const seconds = (Date.now() - started) / 1000;
	const after = await memoryOf(pid);
	const [item] = runOf(execution, 'Kling AI').items;
	return {
		how,
		stored: item?.binary?.data?.fileSize ?? `nothing: ${execution.error?.message}`,
		seconds,
		beforeMb: before.nowMb,
		peakMb: after.peakMb,
		afterMb: after.nowMb,
		growthMb: after.peakMb - before.nowMb,
	};
}

/** The report in one line. */
export function downloadLine(report: DownloadReport): string {
	const [before, peak, later, growth] = [
		report.beforeMb,
		report.peakMb,
		report.afterMb,
		report.growthMb,
	].map((mb) => mb.toFixed(0));
	return `${report.how}: ${report.stored} in ${report.seconds.toFixed(1)} s; n8n's memory ${before} MB before, ${peak} MB at most, ${later} MB after: ${growth} MB more`;
}
