// The parameters of one submit, read through a schema; expressions may have made anything of them.
import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import type { Gateway } from '../../../api/gateways';
import { AUTOMATIC_MODEL, isAutomatic, resolveModel } from '../../../api/models';
import type { RequestIssue } from '../../../api/checkRequest';
import {
	maxWaitMinutes,
	number,
	pollIntervalSeconds,
	readParameters,
	type Read,
} from '../../parameters';

/** Text that an expression may have given as a number, or not at all. */
const text = z
	.union([z.string(), z.number(), z.null()])
	.optional()
	.transform((value) => (value === null || value === undefined ? '' : String(value)));

const flag = (fallback: boolean) =>
	z
		.boolean()
		.optional()
		.transform((value) => value ?? fallback);

const shot = z.object({ prompt: text, seconds: z.preprocess(Number, z.number()) });

/** JSON as text, which keeps every digit of a long number, or what an expression made of it. */
const json = z
	.unknown()
	.optional()
	.transform((value) =>
		typeof value === 'string' || value === undefined ? (value ?? '') : JSON.stringify(value),
	);

const submitParameters = z.object({
	/** What the form holds; `auto` for the model that the provider sells today. */
	model: text,
	imageInput: z.enum(['fields', 'json']),
	images: z.unknown(),
	imagesJson: z.unknown(),
	prompt: text,
	mode: text,
	duration: text,
	aspectRatio: text,
	shots: z.enum(['none', 'auto', 'custom']),
	shotList: z.object({ shot: z.array(shot).optional() }),
	afterSubmit: z.enum(['return', 'wait']),
	downloadVideo: flag(true),
	additionalFields: z.object({
		negativePrompt: text,
		callbackUrl: text.transform((url) => url.trim()),
		externalTaskId: text.transform((id) => id.trim()),
		watermark: z.boolean().optional(),
		sound: text,
		additionalBodyFields: json,
	}),
	options: z.object({
		waitUsing: z
			.enum(['auto', 'callback', 'poll'])
			.optional()
			.transform((value) => value ?? 'auto'),
		maxWaitMinutes,
		pollIntervalSeconds,
		outputFieldName: text.transform((name) => name.trim() || 'data'),
		onTimeout: z
			.enum(['error', 'return'])
			.optional()
			.transform((value) => value ?? 'error'),
		fetchImages: flag(false),
		nameImages: flag(true),
		maxConcurrent: number(1, 50, 5).transform(Math.floor),
		maxNewTasks: number(0, 1_000_000, 0).transform(Math.floor),
		reuse: z
			.enum(['execution', 'workflow', 'never'])
			.optional()
			.transform((value) => value ?? 'execution'),
		simplify: flag(true),
	}),
});

/** One item's parameters; `model` is the one that is used. */
export type SubmitParameters = z.infer<typeof submitParameters> & {
	/** The node chose the model. */
	automaticModel: boolean;
};
export type SubmitOptions = SubmitParameters['options'];

/** What the form calls the fields of a request. */
export const FIELD_LABELS: Record<RequestIssue['field'], string> = {
	roles: 'Role',
	prompt: 'Prompt',
	negativePrompt: 'Negative Prompt',
	mode: 'Mode',
	duration: 'Duration',
	aspectRatio: 'Aspect Ratio',
	shots: 'Shots',
	watermark: 'Watermark',
	sound: 'Sound',
	callbackUrl: 'Callback URL',
	externalTaskId: 'External Task ID',
	additionalBodyFields: 'Additional Body Fields',
};

/** Where the parameters come from: `gateway`, whose model *Automatic* stands for. */
interface Source {
	context: IExecuteFunctions;
	gateway: Gateway;
	/** Called by an AI agent. */
	isTool: boolean;
}

export function readSubmit(
	{ context, gateway, isTool }: Source,
	item: number,
): Read<SubmitParameters> {
	const read = readParameters(context, item, submitParameters, {
		model: AUTOMATIC_MODEL,
		imageInput: 'fields',
		images: {},
		imagesJson: [],
		prompt: '',
		mode: '',
		duration: '',
		aspectRatio: '',
		shots: 'none',
		shotList: {},
		// An agent cannot be kept waiting for minutes: the tool's form has a default of its own.
		afterSubmit: isTool ? 'return' : 'wait',
		downloadVideo: true,
		additionalFields: {},
		options: {},
	});
	if (!read.ok) return read;
	const { model } = read.value;
	return {
		ok: true,
		value: {
			...read.value,
			model: resolveModel(model, gateway),
			automaticModel: isAutomatic(model),
		},
	};
}
