// What a user should know about a submit although nothing speaks against it; most important first.
import type { Gateway } from '../../../api/gateways';
import { modelRow, retirementHint, type Family } from '../../../api/models';
import { callbackUrlIssue, imageUrlIssue } from '../../../api/urls';
import {
	droppedFields,
	type VideoRequest,
	addedReferences,
	promptReferences,
	promptsOf,
} from '../../../api/request';
import { imageName, type ImageSource } from '../../../images/collect';
import type { EffectiveWait } from '../../../waiting/choice';
import { FIELD_LABELS, type SubmitParameters } from './parameters';
import type { Run, SubmittedItem } from './run';

/** A request whose images are still where the user gave them. */
type RequestToRead = Omit<VideoRequest, 'images'> & { images: ImageSource[] };

/** @returns sentences about one item's request */
export function requestHints(
	parameters: SubmitParameters,
	request: RequestToRead,
	family: Family,
	gateway: Gateway,
): string[] {
	const { additionalFields } = parameters;
	const hints: string[] = [];
	if (parameters.automaticModel) hints.push(automaticModel(parameters.model, gateway));
	const retired = retirementHint(parameters.model, gateway);
	if (retired !== undefined) hints.push(`${retired}.`);
	for (const field of droppedFields(additionalFields, gateway)) {
		hints.push(`${gateway.label} ignores '${FIELD_LABELS[field]}'.`);
	}
	if (additionalFields.callbackUrl !== '') {
		const issue = callbackUrlIssue(additionalFields.callbackUrl);
		if (issue?.kind === 'hint') hints.push(`'Callback URL' ${issue.message}.`);
	}
	return [
		...hints,
		...references(request, family),
		...outOfReach(request.images, parameters.options.fetchImages),
	];
}

function automaticModel(model: string, { label }: Gateway): string {
	const row = modelRow(model);
	return `Made with ${row.label} (${model}), the model that 'Automatic' stands for with ${label}.`;
}

function references(request: RequestToRead, family: Family): string[] {
	if (!family.namesImages) return [];
	const added = addedReferences(request, family);
	if (added.length > 0) {
		const names = added.map((number) => `@${number}`).join(' ');
		return [
			`The prompt names no image, so the node put ${names} in front of it: the model then uses every image. Write @1, @2 … where you want them, or turn off 'Name Images in the Prompt'.`,
		];
	}
	return unnamed(request);
}

/** Frames are used without a name. */
function unnamed({ images, roles = [], ...request }: RequestToRead): string[] {
	const texts = promptsOf({ ...request, images });
	const all = promptReferences(texts.join('\n'), images.length);
	const missing = all.unnamed.filter(
		(number) => (roles[number - 1] ?? 'reference') === 'reference',
	);
	if (missing.length === 0) return [];
	const list = missing.map((number) => `@${number}`).join(', ');
	const others = all.named.length > 0 ? ' like the others' : '';
	return [`The prompt never names ${list}. Name each image${others}, so that the model uses it.`];
}

/** One remark for all of them: seven would crowd out everything else. */
function outOfReach(sources: ImageSource[], isFetched: boolean): string[] {
	if (isFetched) return [];
	const remarks = sources.flatMap((source, index) => {
		const issue = source.kind === 'url' ? imageUrlIssue(source.url) : undefined;
		return issue?.kind === 'hint' ? [`${imageName(index, source)} ${issue.message}`] : [];
	});
	const [first] = remarks;
	if (first === undefined) return [];
	const others = remarks.length - 1;
	const more = others === 0 ? '' : ` The same holds for ${others} more.`;
	return [`${first}.${more} Turn on 'Download Images First'.`];
}

/** An item that has been prepared, with the hints about its request. */
interface PreparedItem {
	parameters: SubmitParameters;
	hints: string[];
}

/**
 * How it waits comes first: the hints about many items would crowd it out.
 *
 * @returns sentences about the run
 */
export function runHints(
	run: Run,
	prepared: readonly PreparedItem[],
	submitted: readonly SubmittedItem[],
	wait: EffectiveWait | undefined,
): string[] {
	return [
		...(wait === undefined ? [] : [wait.reason]),
		...reuseHints(submitted),
		...buildingOn(run, submitted),
		...unequalOptions(prepared),
		...prepared.flatMap(({ hints }) => hints),
	];
}

/** A task that was paid for earlier is never used in silence. */
function reuseHints(submitted: readonly SubmittedItem[]): string[] {
	const reused = submitted.filter(({ finish }) => finish.reused);
	const [first] = reused;
	if (first === undefined) return [];
	const { task } = first.snapshot;
	const made = task.createdAt === undefined ? '' : ` of ${isoMinute(task.createdAt)}`;
	const others = reused.length > 1 ? ` (and ${reused.length - 1} more)` : '';
	const hints = [
		`Task ${task.id}${made} is used again for item ${first.item}${others}: nothing new was paid for.`,
	];
	const own = reused.find(({ parameters }) => parameters.additionalFields.externalTaskId !== '');
	if (own !== undefined) {
		const { externalTaskId } = own.parameters.additionalFields;
		hints.push(
			`The External Task ID ${externalTaskId} stands for the video that was made first. If the request has changed since, give it another ID.`,
		);
	}
	return hints;
}

function isoMinute(ms: number): string {
	return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** A run by hand is followed by others: how to build the next steps without paying again. */
function buildingOn({ isManual }: Run, submitted: readonly SubmittedItem[]): string[] {
	const paid = submitted.filter(({ sentHere }) => sentHere && isManual);
	const [first, ...others] = paid.map(({ snapshot }) => snapshot.task.id);
	if (first === undefined) return [];
	const what = others.length === 0 ? 'a new video' : `${others.length + 1} new videos`;
	const which = others.length === 0 ? `the ID ${first}` : `an ID, for example ${first}`;
	return [
		`This run paid for ${what}, and another 'Execute step' pays again. To build the next steps, pin this output, or use Get Task with ${which}.`,
	];
}

/** The options of the first item that hold for all items, as the form calls them. */
const RUN_OPTIONS = [
	['waitUsing', 'Wait Using'],
	['maxConcurrent', 'Max Concurrent Requests'],
	['maxNewTasks', 'Max New Tasks'],
	['reuse', 'Reuse a Task'],
] as const;

function unequalOptions(prepared: readonly PreparedItem[]): string[] {
	return RUN_OPTIONS.flatMap(([name, label]) => {
		const [first, ...others] = prepared.map(({ parameters }) => parameters.options[name]);
		if (others.every((value) => value === first)) return [];
		return [
			`'${label}' differs between the items; the value of the first item (${String(first)}) holds for all of them.`,
		];
	});
}
