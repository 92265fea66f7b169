// What a user should know about a submit although nothing speaks against it; most important first.
import type { Gateway } from '../../api/gateways';
import { retirementHint, type Family } from '../../api/models';
import { callbackUrlIssue, droppedFields, imageUrlIssue, promptReferences } from '../../api/request';
import { imageName, type ImageSource } from '../../images/source';
import { FIELD_LABELS, type SubmitParameters } from './submit.parameters';

/** @returns sentences for the output pane */
export function hintsOf(
	parameters: SubmitParameters,
	sources: ImageSource[],
	family: Family,
	gateway: Gateway,
): string[] {
	const { model, additionalFields } = parameters;
	const hints: string[] = [];
	const retired = retirementHint(model, gateway);
	if (retired !== undefined) hints.push(`${retired}.`);
	for (const field of droppedFields(additionalFields, gateway)) {
		hints.push(`${gateway.label} ignores '${FIELD_LABELS[field]}'.`);
	}
	if (additionalFields.callbackUrl !== '') {
		const issue = callbackUrlIssue(additionalFields.callbackUrl);
		if (issue?.kind === 'hint') hints.push(`'Callback URL' ${issue.message}.`);
	}
	return [...hints, ...unnamedImages(parameters, sources, family), ...outOfReach(parameters, sources)];
}

function unnamedImages(
	{ prompt }: SubmitParameters,
	sources: ImageSource[],
	family: Family,
): string[] {
	const { named, unnamed } = promptReferences(prompt, sources.length);
	if (!family.namesImages || unnamed.length === 0) return [];
	const list = unnamed.map((number) => `@${number}`).join(', ');
	const others = named.length > 0 ? ' like the others' : '';
	return [`The prompt never names ${list}. Name each image${others}, so that the model uses it.`];
}

/** One remark for all of them: seven would crowd out everything else. */
function outOfReach({ options }: SubmitParameters, sources: ImageSource[]): string[] {
	if (options.fetchImages) return [];
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
