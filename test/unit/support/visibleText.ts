// Collects what a user can see of nodes and credential: every field, option and string of their forms.
import type { ICredentialType, INodeProperties, INodeType } from 'n8n-workflow';

import { KlingApi } from '../../../credentials/KlingApi.credentials';
import { Kling } from '../../../nodes/Kling/Kling.node';
import { KlingTrigger } from '../../../nodes/Kling/KlingTrigger.node';

interface SeenField {
	/** Where it stands, for messages: "Kling AI › Options › Reuse a Task". */
	path: string;
	field: INodeProperties;
}

interface SeenText {
	path: string;
	text: string;
}

interface SeenOption {
	path: string;
	name: string;
	value: unknown;
	action?: string;
	description?: string;
}

const nodes: INodeType[] = [new Kling(), new KlingTrigger()];
export const credential: ICredentialType = new KlingApi();

/** Every form with the name that stands above it. */
export const forms: ReadonlyArray<{ name: string; properties: INodeProperties[] }> = [
	...nodes.map(({ description }) => ({
		name: description.displayName,
		properties: description.properties,
	})),
	{ name: credential.displayName, properties: credential.properties },
];

/** Every field of every form, those inside collections too; hidden ones are not seen. */
export function allFields(): SeenField[] {
	return forms.flatMap(({ name, properties }) => fieldsOf(properties, name));
}

/** Every choice of every field: options, modes of locators, groups of collections. */
export function allOptions(): SeenOption[] {
	return allFields().flatMap(({ path, field }) => [
		...(field.options ?? []).flatMap((option) =>
			'value' in option
				? [
						{
							path: `${path} › ${option.name}`,
							name: option.name,
							value: option.value,
							action: option.action,
							description: option.description,
						},
					]
				: [],
		),
		...(field.modes ?? []).map(({ displayName, name }) => ({
			path: `${path} › ${displayName}`,
			name: displayName,
			value: name,
		})),
	]);
}

/** Every string of the descriptions that n8n shows somewhere. */
export function allTexts(): SeenText[] {
	const ofForms = forms.flatMap(({ name, properties }) => textsIn(properties, name));
	const ofNodes = nodes.flatMap(({ description }) =>
		textsIn({ ...description, properties: [], webhooks: [] }, description.displayName),
	);
	const ofTests = textsIn(credential.test, credential.displayName);
	return [...ofForms, ...ofNodes, ...ofTests];
}

function fieldsOf(properties: INodeProperties[], above: string): SeenField[] {
	return properties
		.filter(({ type }) => type !== 'hidden')
		.flatMap((field) => {
			const path = `${above} › ${field.displayName}`;
			return [{ path, field }, ...(field.options ?? []).flatMap((option) => inner(option, path))];
		});
}

function inner(option: NonNullable<INodeProperties['options']>[number], path: string): SeenField[] {
	if ('values' in option) return fieldsOf(option.values, path);
	return 'type' in option ? fieldsOf([option], path) : [];
}

/** Members whose strings are for the machine. */
const NOT_SHOWN = new Set([
	'name',
	'value',
	'type',
	'default',
	'icon',
	'displayOptions',
	'typeOptions',
	'key',
]);
/** `name` is the machine's word of a field, and the user's of an option. */
const SHOWN_NAME = (holder: object) => 'value' in holder || !('displayName' in holder);

function textsIn(value: unknown, path: string): SeenText[] {
	if (typeof value === 'string') return [{ path, text: value }];
	if (Array.isArray(value)) return value.flatMap((one) => textsIn(one, path));
	if (typeof value !== 'object' || value === null) return [];
	return Object.entries(value)
		.filter(([key]) => !NOT_SHOWN.has(key) || (key === 'name' && SHOWN_NAME(value)))
		.flatMap(([key, inside]) => textsIn(inside, `${path} › ${key}`));
}
