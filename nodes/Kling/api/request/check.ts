// What a request may hold, checked before anything is sent or paid.
import type { Family } from '../models';
import { modelRow } from '../models';
import type { VideoRequest } from '../request';
import { promptReferences } from './references';
import { callbackUrlIssue } from './urls';

/** A request whose images may still be unread: only their number counts here. */
type RequestFacts = Omit<VideoRequest, 'images'> & { images: { readonly length: number } };

export interface RequestIssue {
	/** The node's parameter, e.g. `prompt`. */
	field: Exclude<keyof VideoRequest, 'model'>;
	/** What is wrong, with the numbers; ready to follow the parameter's name. */
	message: string;
}

/** DESIGN and gateways agree on 64; the characters survive any path encoding. */
const EXTERNAL_ID_MAX = 64;
const EXTERNAL_ID = /^[\w.:~@+=-]+$/;

/**
 * Checks everything about a request but the images themselves (images/ and `imageUrlIssue` do that).
 *
 * @param request what the user asked for
 * @param family the family of `request.model`
 * @returns one entry for each thing to change; empty when the request can be sent
 */
export function checkRequest(request: RequestFacts, family: Family): RequestIssue[] {
	return [
		...checkImages(request, family),
		...checkPrompt(request, family),
		...checkNegativePrompt(request, family),
		...checkChoices(request, family),
		...checkSound(request),
		...checkExternalId(request.externalTaskId),
		...checkCallback(request.callbackUrl),
	];
}

/** Length as the service counts it: a character outside the basic plane is one, not two. */
export function codePoints(text: string): number {
	return [...text].length;
}

function checkImages(request: RequestFacts, family: Family): RequestIssue[] {
	const { length } = request.images;
	if (length >= family.minImages && length <= family.maxImages) return [];
	const allowed = `${family.minImages} to ${family.maxImages} are allowed for ${nameOf(request)}`;
	return [
		{
			field: 'images',
			message: length === 0 ? `no image; ${allowed}` : `${length} images; ${allowed}`,
		},
	];
}

function checkPrompt(request: RequestFacts, family: Family): RequestIssue[] {
	if (request.prompt.trim() === '') return [{ field: 'prompt', message: 'is empty' }];
	if (!family.namesImages) return tooLong('prompt', request.prompt, family.maxPromptLength);
	const { prompt, outOfRange } = promptReferences(request.prompt, request.images.length);
	const strangers = outOfRange.map((number): RequestIssue => ({
		field: 'prompt',
		message: `names image ${number}, but there ${count(request.images.length)}`,
	}));
	return [...tooLong('prompt', prompt, family.maxPromptLength), ...strangers];
}

function checkNegativePrompt(request: RequestFacts, family: Family): RequestIssue[] {
	const text = request.negativePrompt ?? '';
	if (text === '') return [];
	if (family.maxNegativePromptLength === undefined) {
		return [
			{
				field: 'negativePrompt',
				message: `is not taken by ${nameOf(request)}: say in the prompt what to avoid`,
			},
		];
	}
	return tooLong('negativePrompt', text, family.maxNegativePromptLength);
}

function checkChoices(request: RequestFacts, family: Family): RequestIssue[] {
	const row = modelRow(request.model);
	const { mode, duration, aspectRatio } = request;
	return [
		...oneOf('mode', mode, row.modes, request),
		...oneOf(
			'duration',
			duration === undefined ? undefined : String(duration),
			row.durations,
			request,
		),
		...oneOf('aspectRatio', aspectRatio, family.aspectRatios, request),
	];
}

function oneOf(
	field: RequestIssue['field'],
	given: string | undefined,
	allowed: ReadonlyArray<string | number>,
	request: RequestFacts,
): RequestIssue[] {
	if (given === undefined || allowed.some((value) => String(value) === given)) return [];
	return [{ field, message: `is ${given}; ${nameOf(request)} takes ${listed(allowed)}` }];
}

function checkSound(request: RequestFacts): RequestIssue[] {
	// `off` is what a model without sound does anyway.
	if (request.sound !== 'on' || modelRow(request.model).sound) return [];
	return [{ field: 'sound', message: `is on; ${nameOf(request)} makes videos without sound only` }];
}

function checkExternalId(id: string | undefined): RequestIssue[] {
	if (id === undefined || id === '') return [];
	const length = codePoints(id);
	if (length > EXTERNAL_ID_MAX) {
		return [
			{ field: 'externalTaskId', message: `has ${length} characters; at most ${EXTERNAL_ID_MAX} are allowed` },
		];
	}
	// A dot path would climb out of the endpoint when the task is asked for.
	if (EXTERNAL_ID.test(id) && !/^\.+$/.test(id)) return [];
	return [
		{ field: 'externalTaskId', message: 'may hold letters, digits and - _ . : ~ @ + = only' },
	];
}

function checkCallback(url: string | undefined): RequestIssue[] {
	if (url === undefined || url === '') return [];
	const issue = callbackUrlIssue(url);
	return issue?.kind === 'refuse' ? [{ field: 'callbackUrl', message: issue.message }] : [];
}

function tooLong(field: RequestIssue['field'], text: string, max: number): RequestIssue[] {
	const length = codePoints(text);
	return length > max ? [{ field, message: `has ${length} characters; at most ${max} are allowed` }] : [];
}

function nameOf(request: RequestFacts): string {
	return modelRow(request.model).model;
}

function count(images: number): string {
	return images === 1 ? 'is 1 image' : `are ${images} images`;
}

function listed(values: ReadonlyArray<string | number>): string {
	const last = values[values.length - 1];
	if (values.length > 3 && typeof last === 'number') return `${values[0]} to ${last}`;
	return `${values.slice(0, -1).join(', ')} or ${last}`;
}
