// The parameters of one submit, read through a schema; expressions may have made anything of them.
import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import { DEFAULT_MODEL } from '../../api/models';
import type { RequestIssue } from '../../api/request';
import { readParameters, type Read } from '../parameters';

/** Text that an expression may have given as a number, or not at all. */
const text = z
	.union([z.string(), z.number(), z.null()])
	.optional()
	.transform((value) => (value === null || value === undefined ? '' : String(value)));

/** Numbers often come out of tables as text. */
const number = (min: number, max: number, fallback: number) =>
	z.preprocess(
		(value) => (value === '' || value === null || value === undefined ? fallback : Number(value)),
		z.number().min(min).max(max),
	);

/** A month; n8n's own clock takes no more than a date can hold. */
const MOST_MINUTES = 43_200;

const flag = z.boolean().optional().transform((value) => value ?? false);

const submitParameters = z.object({
	model: text.transform((name) => name.trim() || DEFAULT_MODEL),
	imageInput: z.enum(['fields', 'json']),
	images: z.unknown(),
	imagesJson: z.unknown(),
	prompt: text,
	mode: text,
	duration: text,
	aspectRatio: text,
	afterSubmit: z.enum(['return', 'wait']),
	additionalFields: z.object({
		negativePrompt: text,
		callbackUrl: text.transform((url) => url.trim()),
		externalTaskId: text.transform((id) => id.trim()),
		watermark: z.boolean().optional(),
		sound: text,
	}),
	options: z.object({
		waitUsing: z.enum(['auto', 'callback', 'poll']).optional().transform((value) => value ?? 'auto'),
		maxWaitMinutes: number(0, MOST_MINUTES, 30),
		pollIntervalSeconds: number(1, 3_600, 10),
		downloadVideo: flag,
		outputFieldName: text.transform((name) => name.trim() || 'data'),
		onTimeout: z.enum(['error', 'return']).optional().transform((value) => value ?? 'error'),
		fetchImages: flag,
		maxConcurrent: number(1, 50, 5).transform(Math.floor),
		maxNewTasks: number(0, 1_000_000, 0).transform(Math.floor),
		reuse: z
			.enum(['execution', 'workflow', 'never'])
			.optional()
			.transform((value) => value ?? 'execution'),
		simplify: z.boolean().optional().transform((value) => value ?? true),
	}),
});

export type SubmitParameters = z.infer<typeof submitParameters>;
export type SubmitOptions = SubmitParameters['options'];

/** What the form calls the fields of a request. */
export const FIELD_LABELS: Record<RequestIssue['field'], string> = {
	images: 'Images',
	prompt: 'Prompt',
	negativePrompt: 'Negative Prompt',
	mode: 'Mode',
	duration: 'Duration',
	aspectRatio: 'Aspect Ratio',
	watermark: 'Watermark',
	sound: 'Sound',
	callbackUrl: 'Callback URL',
	externalTaskId: 'External Task ID',
};

export function readSubmit(context: IExecuteFunctions, item: number): Read<SubmitParameters> {
	return readParameters(context, item, submitParameters, {
		model: DEFAULT_MODEL,
		imageInput: 'fields',
		images: {},
		imagesJson: [],
		prompt: '',
		mode: '',
		duration: '',
		aspectRatio: '',
		afterSubmit: 'return',
		additionalFields: {},
		options: {},
	});
}
