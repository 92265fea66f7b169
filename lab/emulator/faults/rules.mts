// The faults that can be ordered, and which calls each one meets.
import { z } from 'zod';

const nth = z.union([z.number().int().min(1), z.array(z.number().int().min(1))]);

const common = {
	/** How often it strikes at most; without it, always. */
	times: z.number().int().min(1).optional(),
	/** The chance that it strikes a call it matches, 0 to 1. */
	probability: z.number().min(0).max(1).optional(),
};

const apiMatch = z
	.object({
		call: z.enum(['create', 'get', 'list', 'other']).optional(),
		method: z.string().optional(),
		/** A piece of the path and query. */
		path: z.string().optional(),
		dialect: z.string().optional(),
		/** Which of the matching calls: the first is 1. */
		nth: nth.optional(),
	})
	.strict();

/** `before` the task is made, or `after` it was made and billed. */
const when = z.enum(['before', 'after']).default('before');
const api = { on: apiMatch.default({}), ...common };

export const apiFaultSchema = z.discriminatedUnion('kind', [
	/** Never answers. */
	z.object({ kind: z.literal('hang'), when, ...api }).strict(),
	/** Breaks the connection. */
	z.object({ kind: z.literal('reset'), when, ...api }).strict(),
	/** A bare HTTP status: a proxy's 5xx, a 408, a 429 without a code. */
	z
		.object({
			kind: z.literal('http'),
			when,
			status: z.number().int().min(200).max(599),
			body: z.unknown().optional(),
			retryAfter: z.union([z.number(), z.string()]).optional(),
			...api,
		})
		.strict(),
	/** An official code, worded by the dialect; `insideOk` puts it into HTTP 200. */
	z
		.object({
			kind: z.literal('code'),
			when,
			code: z.number().int(),
			message: z.string().optional(),
			insideOk: z.boolean().optional(),
			retryAfter: z.number().optional(),
			...api,
		})
		.strict(),
	/** The refusal of a key that is taken. */
	z.object({ kind: z.literal('duplicate'), ...api }).strict(),
	/** An empty body. */
	z
		.object({ kind: z.literal('empty'), when, status: z.number().int().default(200), ...api })
		.strict(),
	/** A page for people. */
	z
		.object({ kind: z.literal('html'), when, status: z.number().int().default(200), ...api })
		.strict(),
	/** Answers as usual, but late. */
	z.object({ kind: z.literal('slow'), delayMs: z.number().min(0), ...api }).strict(),
]);

const callbackMatch = z
	.object({
		status: z.enum(['submitted', 'processing', 'succeed', 'failed']).optional(),
		dialect: z.string().optional(),
		taskId: z.string().optional(),
		nth: nth.optional(),
	})
	.strict();
const notice = { on: callbackMatch.default({}), ...common };

export const callbackFaultSchema = z.discriminatedUnion('kind', [
	z.object({ kind: z.literal('callback-lost'), ...notice }).strict(),
	z.object({ kind: z.literal('callback-late'), delayMs: z.number().min(0), ...notice }).strict(),
	/** Before the reply to the submit; a final status ends the task at once. */
	z.object({ kind: z.literal('callback-early'), ...notice }).strict(),
	z
		.object({
			kind: z.literal('callback-repeated'),
			copies: z.number().int().min(1).default(2),
			...notice,
		})
		.strict(),
	/** After the notice that follows it. */
	z.object({ kind: z.literal('callback-reordered'), ...notice }).strict(),
	/** A false one before the true one: another task's id, or an end that has not come. */
	z
		.object({
			kind: z.literal('callback-forged'),
			forge: z.enum(['id', 'succeed', 'failed']),
			...notice,
		})
		.strict(),
	/** In place of the true one. */
	z
		.object({
			kind: z.literal('callback-not-json'),
			body: z.string().default('status=succeed'),
			...notice,
		})
		.strict(),
	z.object({ kind: z.literal('callback-envelope'), ...notice }).strict(),
	z.object({ kind: z.literal('callback-new-format'), ...notice }).strict(),
	z.object({ kind: z.literal('callback-bad-signature'), ...notice }).strict(),
	/** Signed with a time that is off by so many seconds. */
	z
		.object({
			kind: z.literal('callback-stale-signature'),
			seconds: z.number().default(-600),
			...notice,
		})
		.strict(),
]);

const downloadMatch = z
	.object({ taskId: z.string().optional(), path: z.string().optional(), nth: nth.optional() })
	.strict();
const download = { on: downloadMatch.default({}), ...common };

export const downloadFaultSchema = z.discriminatedUnion('kind', [
	/** Announces the whole length and breaks off at this share of it. */
	z
		.object({
			kind: z.literal('download-truncated'),
			share: z.number().min(0).max(1).default(0.5),
			...download,
		})
		.strict(),
	/** Sends this share of the file and announces no more than that. */
	z
		.object({
			kind: z.literal('download-short'),
			share: z.number().min(0).max(1).default(0.5),
			...download,
		})
		.strict(),
	z
		.object({ kind: z.literal('download-slow'), bytesPerSecond: z.number().min(1), ...download })
		.strict(),
	/** Ends every link of the task until it is asked for again. */
	z
		.object({
			kind: z.literal('download-expired'),
			status: z.union([z.literal(403), z.literal(404)]).default(403),
			...download,
		})
		.strict(),
	z.object({ kind: z.literal('download-html'), ...download }).strict(),
	/** The right file under the wrong content type. */
	z
		.object({
			kind: z.literal('download-wrong-type'),
			contentType: z.string().default('application/octet-stream'),
			...download,
		})
		.strict(),
	/** Over another origin. */
	z.object({ kind: z.literal('download-redirect'), ...download }).strict(),
	/** Without a Content-Length. */
	z.object({ kind: z.literal('download-chunked'), ...download }).strict(),
	/** With a tag of 128 bytes behind the file, which is announced or not. */
	z
		.object({
			kind: z.literal('download-tagged'),
			announced: z.boolean().default(true),
			...download,
		})
		.strict(),
	z.object({ kind: z.literal('download-reset'), ...download }).strict(),
	z.object({ kind: z.literal('download-hang'), ...download }).strict(),
	z.object({ kind: z.literal('download-http'), status: z.number().int(), ...download }).strict(),
]);

export const faultSchema = z.union([apiFaultSchema, callbackFaultSchema, downloadFaultSchema]);

export type ApiFault = z.infer<typeof apiFaultSchema>;
export type CallbackFault = z.infer<typeof callbackFaultSchema>;
export type DownloadFault = z.infer<typeof downloadFaultSchema>;
export type Fault = z.infer<typeof faultSchema>;
/** A fault as a test writes it, defaults left out. */
export type FaultRule = z.input<typeof faultSchema>;
