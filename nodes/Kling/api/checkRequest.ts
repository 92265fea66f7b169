// What a request may hold, checked before anything is sent or paid.
import { modelRow, type Family } from './models';
import { asObject } from './reply/json';
import {
	ownMembers,
	promptReferences,
	promptsOf,
	sentPrompts,
	type Shot,
	type VideoRequest,
} from './request';
import { callbackUrlIssue } from './urls';

/** A request whose images may still be unread: only their number counts here. */
type RequestFacts = Omit<VideoRequest, 'images'> & { images: { readonly length: number } };

export interface RequestIssue {
	/** The node's parameter, e.g. `prompt`. */
	field: Exclude<keyof VideoRequest, 'model' | 'nameImages' | 'images'>;
	/** What is wrong, with the numbers; ready to follow the parameter's name. */
	message: string;
}

/** Known to be taken by Kling and by gateways; the characters survive any path encoding. */
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
		...checkRoles(request, family),
		...checkPrompt(request, family),
		...checkShots(request, family),
		...checkNegativePrompt(request, family),
		...checkChoices(request, family),
		...checkSound(request),
		...checkExternalId(request.externalTaskId),
		...checkCallback(request.callbackUrl),
		...checkAdditional(request, family),
	];
}

/** Length as the service counts it: a character outside the basic plane is one, not two. */
export function codePoints(text: string): number {
	return [...text].length;
}

function checkRoles(request: RequestFacts, family: Family): RequestIssue[] {
	const { images, roles = [] } = request;
	const firsts = roles.filter((role) => role === 'first_frame').length;
	const lasts = roles.filter((role) => role === 'end_frame').length;
	if (firsts + lasts === 0) return [];
	const issue = (message: string): RequestIssue[] => [{ field: 'roles', message }];
	if (!family.namesImages) return issue(`is a frame; ${nameOf(request)} takes references only`);
	if (firsts > 1) return issue(`is First Frame for ${firsts} images; a video has one`);
	if (lasts > 1) return issue(`is Last Frame for ${lasts} images; a video has one`);
	if (lasts > firsts) return issue('is Last Frame for an image, but First Frame for none');
	const { maxImagesWithLastFrame: most } = modelRow(request.model);
	if (lasts > 0 && most !== undefined && images.length > most) {
		return issue(`is Last Frame; ${nameOf(request)} takes that with at most ${most} images`);
	}
	if (lasts > 0 && request.shots !== undefined) {
		return issue('is Last Frame, which does not go together with several shots');
	}
	return [];
}

function checkPrompt(request: RequestFacts, family: Family): RequestIssue[] {
	const { shots } = request;
	if (shots !== undefined && shots !== 'auto') return [];
	if (request.prompt.trim() === '') return [{ field: 'prompt', message: 'is empty' }];
	return [
		...tooLong('prompt', sentPrompts(request, family)[0] ?? '', family.maxPromptLength),
		...strangers('prompt', request, family),
	];
}

/** Images that are named and not there. */
function strangers(
	field: RequestIssue['field'],
	request: RequestFacts,
	family: Family,
): RequestIssue[] {
	if (!family.namesImages) return [];
	const { length } = request.images;
	const numbers = promptsOf(request).flatMap((text) => promptReferences(text, length).outOfRange);
	return [...new Set(numbers)].map((number) => ({
		field,
		message: `names image ${number}, but there ${count(length)}`,
	}));
}

function checkShots(request: RequestFacts, family: Family): RequestIssue[] {
	const { shots } = request;
	const limits = modelRow(request.model).shots;
	if (shots === undefined) return [];
	if (limits === undefined) {
		return [{ field: 'shots', message: `is set; ${nameOf(request)} makes one shot only` }];
	}
	if (shots === 'auto') return [];
	if (shots.length < 1 || shots.length > limits.max) {
		return [{ field: 'shots', message: `has ${shots.length}; 1 to ${limits.max} are allowed` }];
	}
	const sent = sentPrompts(request, family);
	return [
		...shots.flatMap((shot, index) =>
			checkShot(shot, sent[index] ?? '', index + 1, limits.maxPromptLength),
		),
		...checkSeconds(shots, request.duration),
		...strangers('shots', request, family),
	];
}

function checkShot(shot: Shot, sent: string, number: number, max: number): RequestIssue[] {
	const issue = (message: string): RequestIssue => ({
		field: 'shots',
		message: `${number} ${message}`,
	});
	const length = codePoints(sent);
	return [
		...(shot.prompt.trim() === '' ? [issue('has no prompt')] : []),
		...(length > max ? [issue(`has ${length} characters; at most ${max} are allowed`)] : []),
		...(Number.isInteger(shot.seconds) && shot.seconds >= 1
			? []
			: [issue(`lasts ${shot.seconds} seconds; whole seconds from 1 are allowed`)]),
	];
}

function checkSeconds(
	shots: readonly Shot[],
	duration: string | number | undefined,
): RequestIssue[] {
	const together = shots.reduce((total, { seconds }) => total + seconds, 0);
	if (duration === undefined || together === Number(duration)) return [];
	return [{ field: 'shots', message: `last ${together} seconds together, the video ${duration}` }];
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
	const { mode, duration, aspectRatio, images, roles = [] } = request;
	const isFrameAlone = images.length === 1 && roles[0] === 'first_frame';
	const durations = (isFrameAlone ? row.firstFrameDurations : undefined) ?? row.durations;
	return [
		...oneOf('mode', mode, row.modes, request),
		...oneOf('duration', duration === undefined ? undefined : String(duration), durations, request),
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
			{
				field: 'externalTaskId',
				message: `has ${length} characters; at most ${EXTERNAL_ID_MAX} are allowed`,
			},
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

/** Money rule: the node's own members, above all the key and the images, can never be replaced. */
function checkAdditional(request: RequestFacts, family: Family): RequestIssue[] {
	const text = request.additionalBodyFields ?? '';
	if (text.trim() === '') return [];
	const issue = (message: string): RequestIssue[] => [{ field: 'additionalBodyFields', message }];
	const fields = /^\s*\{/.test(text) ? asObject(text) : undefined;
	if (fields === undefined) return issue('is not a JSON object such as {"cfg_scale": 0.5}');
	const own = ownMembers(
		{ ...request, images: [], callbackUrl: '-', externalTaskId: '-' },
		family,
		{ modelField: 'model_name' },
	);
	const set = Object.keys(own).filter((name) => own[name] !== undefined);
	const replaced = [...set, 'model'].filter((name) => Object.hasOwn(fields, name));
	if (replaced.length === 0) return [];
	return issue(`would replace ${replaced.join(', ')}, which the node sets itself`);
}

function tooLong(field: RequestIssue['field'], text: string, max: number): RequestIssue[] {
	const length = codePoints(text);
	return length > max
		? [{ field, message: `has ${length} characters; at most ${max} are allowed` }]
		: [];
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
