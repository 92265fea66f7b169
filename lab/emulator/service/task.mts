// A task as the emulated service keeps it. Image bytes are never kept, only facts about them.
import type { ImageFacts } from '../images/inspect.mts';
import type { AspectRatio, FamilyName } from './families.mts';

export type TaskStatus = 'submitted' | 'processing' | 'succeed' | 'failed';

export interface Task {
	readonly id: string;
	readonly videoId: string;
	/** The dialect (gateway) and the account at which it was created. */
	readonly dialect: string;
	readonly account: string;
	readonly family: FamilyName;
	readonly model: string;
	/** The external_task_id as the caller gave it. */
	readonly clientKey: string | undefined;
	/** The external_task_id that reached Kling; gateways may keep it to themselves. */
	readonly externalTaskId: string | undefined;
	readonly callbackUrl: string | undefined;
	readonly aspectRatio: AspectRatio;
	readonly seconds: number;
	readonly watermark: boolean;
	/** What the video file is padded to, in bytes. */
	readonly videoBytes: number | undefined;
	readonly units: string;
	readonly images: readonly ImageFacts[];
	/** The request as it reached Kling, its images replaced by a line about each. */
	readonly request: Readonly<Record<string, unknown>>;
	/** SHA-256 of that request without external_task_id and callback_url: equal work, equal hash. */
	readonly requestHash: string;
	/** Unix ms, service time. */
	readonly createdAt: number;
	updatedAt: number;
	startedAt: number | undefined;
	finishedAt: number | undefined;
	status: TaskStatus;
	reason: string;
}

/** How long a result stays with the service (official page: cleared after 30 days). */
export const RESULT_LIFE_MS = 30 * 24 * 60 * 60 * 1000;

/** Whether a task has come to its end. */
export function isFinished(task: Task): boolean {
	return task.status === 'succeed' || task.status === 'failed';
}
