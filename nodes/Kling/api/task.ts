// The one shape a task has in this package, whichever gateway told of it.
import { z } from 'zod';

/** Kling's own status words; every gateway's words are mapped onto them. */
export const taskStatus = z.enum(['submitted', 'processing', 'succeed', 'failed']);

const videoSchema = z.object({
	/** The service's id of the video, not of the task. */
	id: z.string().optional(),
	url: z.string().min(1),
	/** Only when a watermark was asked for. */
	watermarkUrl: z.string().optional(),
	durationSeconds: z.number().positive().optional(),
});

export const taskSchema = z.object({
	/** The id that the submit reply gave, or the one asked for; never empty. */
	id: z.string().min(1),
	/** `external_task_id`: the idempotency key this package or the user chose. */
	externalId: z.string().min(1).optional(),
	status: taskStatus,
	/** Why it failed, in the service's words; never "SUCCEED". */
	reason: z.string().min(1).optional(),
	videos: z.array(videoSchema),
	/** Unix time in milliseconds. */
	createdAt: z.number().positive().optional(),
	/** Unix time in milliseconds. */
	updatedAt: z.number().positive().optional(),
	/** `final_unit_deduction`, as the service wrote it. */
	unitDeduction: z.string().optional(),
});

export type TaskStatus = z.infer<typeof taskStatus>;
export type Video = z.infer<typeof videoSchema>;
export type Task = z.infer<typeof taskSchema>;

/** A reply as received, parsed but not interpreted. */
export type JsonObject = { [key: string]: unknown };

/** How long the service keeps a video for its link. */
export const LINK_LIFE_DAYS = 30;

/** True once the service will not change the task any more. */
export function isFinished({ status }: Pick<Task, 'status'>): boolean {
	return status === 'succeed' || status === 'failed';
}

/**
 * When the result links stop working: 30 days after the task ended.
 *
 * @returns Unix time in milliseconds, or undefined while there is no link or no time to count from
 * @see https://kling.ai/document-api "url … will be cleared after 30 days"
 */
export function linksExpireAt(task: Task): number | undefined {
	const endedAt = task.updatedAt ?? task.createdAt;
	if (task.videos.length === 0 || endedAt === undefined) return undefined;
	return endedAt + LINK_LIFE_DAYS * 24 * 60 * 60 * 1000;
}
