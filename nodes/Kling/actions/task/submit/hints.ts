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
import { FIELD_LABELS, type SubmitParameters } from './parameters';

/** A request whose images are still where the user gave them. */
type RequestToRead = Omit<VideoRequest, 'images'> & { images: ImageSource[] };

/** @returns sentences for the output pane */
export function hintsOf(
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

/**
 * How to build the next steps without paying again, after a run by hand.
 *
 * @param ids of the tasks that this run paid for
 */
export function buildingOn([first, ...others]: string[]): string[] {
	if (first === undefined) return [];
	const what = others.length === 0 ? 'a new video' : `${others.length + 1} new videos`;
	const which = others.length === 0 ? `the ID ${first}` : `an ID, for example ${first}`;
	return [
		`This run paid for ${what}, and another 'Execute step' pays again. To build the next steps, pin this output, or use Get Task with ${which}.`,
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
