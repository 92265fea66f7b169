// What can be set about the emulated service, at the start and while it runs.
import { z } from 'zod';

const ms = z.number().min(0);

export const settingsSchema = z
	.object({
		/** Tasks that may run at once, per account and model; one more is refused with 1303. */
		concurrency: z.number().int().min(0),
		/** How long a task takes from submitted to its end. */
		lifetimeMs: ms,
		/** The share of the lifetime that a task spends as `submitted`, 0 to 1. */
		submittedShare: z.number().min(0).max(1),
		/** How long a new task stays invisible to a look-up by its external id. */
		lookupLagMs: ms,
		/** How long a new task stays out of the list. */
		listLagMs: ms,
		/** How long GET and list tell of a task as before its end, which the callback tells at once. */
		recordLagMs: ms,
		/** How long a result link lives after it was given out; the video itself lives 30 days. */
		linkLifeMs: ms,
		/** Where result links point: the second origin, or the API's own. */
		videoOrigin: z.enum(['cdn', 'api']),
		/** Models that a dialect no longer takes, `{}` for none; an endpoint's documented default may be one. */
		retiredModels: z.record(z.string(), z.array(z.string())),
		/** How an unknown or retired model is refused. */
		unknownModelCode: z.union([z.literal(1201), z.literal(1203), z.literal(1103)]),
		/** How a duplicate external_task_id is refused; the real code is not established. */
		duplicateCode: z.number().int(),
		/** Whether a bad image behind a URL refuses the request or fails the task later. */
		urlImages: z.enum(['refuse', 'failTask']),
		/** The service's clock against the caller's, for token checks only; positive is ahead. */
		authSkewMs: z.number(),
		/** The longest JWT lifetime taken, in seconds; 0 is no limit (no maximum is documented). */
		maxTokenSeconds: z.number().min(0),
		/** Webhook secrets (`whsec_…`) to sign callbacks with: none, one, or two during a rotation. */
		signingSecrets: z.array(z.string().startsWith('whsec_')),
		/** Waits before the repeated tries of a callback that was not answered 2xx. */
		callbackRetriesMs: z.array(ms),
		/** How long one callback may take to be answered. */
		callbackTimeoutMs: ms,
		/** Callbacks in flight at once, per receiver. */
		callbackConnections: z.number().int().min(1),
		/** Origins to reach under another address, e.g. a public host that a test plays on loopback. */
		rewriteOrigins: z.record(z.string(), z.string()),
		/** hingnet: the ids in its GET replies, Kling's own or `task_…` ones that it cannot look up. */
		hingnetGetIds: z.enum(['kling', 'platform']),
		/** ezmodel and its relatives: how far their status words lag behind Kling's. */
		gatewayLagMs: ms,
		/** ezmodel: the submit reply of its code, or the one that its documentation promises. */
		ezmodelSubmit: z.enum(['videoObject', 'documented']),
		/** ezmodel: whether it refuses an external_task_id that it has; nobody knows what the real one does. */
		ezmodelRepeatedIds: z.enum(['refuse', 'accept']),
	})
	.strict();

export type Settings = z.infer<typeof settingsSchema>;

const THIRTY_DAYS_MS = 30 * 24 * 60 * 60 * 1000;

/** For a test that leans on what only older models do, with any service. */
export const NOTHING_RETIRED = { retiredModels: {} } as const satisfies Partial<Settings>;

export const defaultSettings: Settings = {
	concurrency: 1000,
	lifetimeMs: 5000,
	submittedShare: 0.2,
	lookupLagMs: 0,
	listLagMs: 0,
	recordLagMs: 0,
	linkLifeMs: THIRTY_DAYS_MS,
	videoOrigin: 'cdn',
	/** Kling itself took it off sale on 2026-09-15; the gateways' documents still name it. */
	retiredModels: { official: ['kling-v1-6'] },
	unknownModelCode: 1203,
	duplicateCode: 1201,
	urlImages: 'refuse',
	authSkewMs: 0,
	maxTokenSeconds: 0,
	signingSecrets: [],
	callbackRetriesMs: [250, 1000, 3000],
	callbackTimeoutMs: 10_000,
	callbackConnections: 20,
	rewriteOrigins: {},
	hingnetGetIds: 'kling',
	gatewayLagMs: 300,
	ezmodelSubmit: 'videoObject',
	ezmodelRepeatedIds: 'refuse',
};
