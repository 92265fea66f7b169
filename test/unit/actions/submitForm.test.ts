// The form of Submit, which loads no code: it offers what the table of models says, and its defaults are those of a run.
import type { IExecuteFunctions, INodeParameters, INodeProperties } from 'n8n-workflow';
import { NodeHelpers } from 'n8n-workflow';

import { prepareSubmit } from '../../../nodes/Kling/actions/task/submit/prepare';
import type { Run } from '../../../nodes/Kling/actions/task/submit/run';
import { readSubmit } from '../../../nodes/Kling/actions/task/submit/parameters';
import { gateways } from '../../../nodes/Kling/api/gateways';
import {
	AUTOMATIC_MODEL,
	knownModels,
	retirementHint,
	type ModelRow,
} from '../../../nodes/Kling/api/models';
import { Kling } from '../../../nodes/Kling/Kling.node';

const { description } = new Kling();

/** The fields that a user sees, by name; those of collections too. */
function shownFor(model: string): Map<string, INodeProperties> {
	const values: INodeParameters = {
		resource: 'task',
		operation: 'submit',
		model: { __rl: true, mode: 'list', value: model },
		imageInput: 'fields',
		shots: 'custom',
		afterSubmit: 'wait',
		source: 'url',
	};
	const isShown = (field: INodeProperties) =>
		NodeHelpers.displayParameter(values, field, { typeVersion: 1 }, description, values);
	const shown = (fields: INodeProperties[]): INodeProperties[] =>
		fields.filter(isShown).flatMap((field) => [field, ...shown(innerOf(field))]);
	// Those that stand deeper give way: a shot has a prompt, too.
	return new Map(
		shown(description.properties)
			.reverse()
			.map((field) => [field.name, field]),
	);
}

function innerOf({ options = [] }: INodeProperties): INodeProperties[] {
	return options.flatMap((option) => {
		if ('values' in option) return option.values;
		return 'displayName' in option && 'type' in option ? [option] : [];
	});
}

function choicesOf(field: INodeProperties | undefined): unknown[] {
	return (field?.options ?? []).flatMap((option) => ('value' in option ? [option.value] : []));
}

function secondsOf(field: INodeProperties | undefined): number[] {
	const { minValue, maxValue } = field?.typeOptions ?? {};
	if (minValue === undefined || maxValue === undefined) return choicesOf(field).map(Number);
	return Array.from({ length: maxValue - minValue + 1 }, (_, index) => minValue + index);
}

describe.each(knownModels.map((row): [string, ModelRow] => [row.model, row]))(
	'the form for %s',
	(model, { family, modes, durations, sound, shots }) => {
		const fields = shownFor(model);

		it('offers the modes, durations and aspect ratios that the model takes', () => {
			expect(choicesOf(fields.get('mode'))).toEqual(modes);
			expect(secondsOf(fields.get('duration'))).toEqual(durations);
			expect(choicesOf(fields.get('aspectRatio'))).toEqual(family.aspectRatios);
		});

		it('shows what not every model has only where the model has it', () => {
			const has = {
				shots: shots !== undefined,
				shotList: shots !== undefined,
				sound,
				negativePrompt: family.maxNegativePromptLength !== undefined,
				role: family.namesImages,
				nameImages: family.namesImages,
			};
			for (const [name, expected] of Object.entries(has))
				expect([name, fields.has(name)]).toEqual([name, expected]);
		});

		it('names the limits', () => {
			const limits: Array<[string, number | undefined]> = [
				['negativePrompt', family.maxNegativePromptLength],
				['shotList', shots?.max],
				['images', family.image.minSide],
				// Custom shots have prompts of their own, and then the omni models have no other.
				['prompt', shots?.maxPromptLength ?? family.maxPromptLength],
			];
			for (const [name, limit] of limits) {
				const text = fields.get(name)?.description ?? String(limit);
				expect([name, text]).toEqual([name, expect.stringContaining(String(limit))]);
			}
		});

		it('says that it is retired where that is reported', () => {
			const isReported = retirementHint(model, gateways.klingGlobal) !== undefined;
			expect(fields.has('retiredModelNotice')).toBe(isReported);
		});
	},
);

describe('the form without a choice', () => {
	it('picks the model that the provider sells, and takes what every model takes', () => {
		const fields = shownFor(AUTOMATIC_MODEL);
		expect(fields.get('model')?.default).toMatchObject({ value: AUTOMATIC_MODEL });
		// n8n's editor may empty the picker by itself: that is Automatic, too, and keeps nobody from a run.
		expect([...shownFor('').keys()]).toEqual([...fields.keys()]);
		expect(fields.get('model')?.required).toBeUndefined();
		for (const { modes, durations, family } of knownModels) {
			expect(modes).toEqual(expect.arrayContaining(choicesOf(fields.get('mode'))));
			expect(durations).toEqual(expect.arrayContaining(secondsOf(fields.get('duration'))));
			expect(family.aspectRatios).toEqual(choicesOf(fields.get('aspectRatio')));
		}
		expect([...fields.keys()]).not.toContain('negativePrompt');
	});

	it('has the options that a run has without them', () => {
		const context = {
			getNodeParameter: (_name: string, _item: number, fallback: unknown) => fallback,
		} as unknown as IExecuteFunctions;
		const read = readSubmit({ context, gateway: gateways.klingGlobal, isTool: false }, 0);
		if (!read.ok) throw new Error(read.issue.message);
		const options = description.properties.filter(
			({ name, displayOptions }) =>
				name === 'options' && displayOptions?.show?.operation?.includes('submit'),
		);
		const defaults = Object.fromEntries(
			options.flatMap(innerOf).map((field) => [field.name, field.default]),
		);
		expect(read.value.options).toEqual(defaults);
		for (const name of ['afterSubmit', 'downloadVideo', 'imageInput', 'shots'] as const)
			expect([name, shownFor('kling-v3-omni').get(name)?.default]).toEqual([
				name,
				read.value[name],
			]);
	});
});

/** Fields that steer the node, or that the body gets by another way (the images; the external ID as its key). */
const NOT_IN_THE_BODY = new Set([
	'imageInput',
	'imagesJson',
	'afterSubmit',
	'downloadVideo',
	'externalTaskId',
	'fetchImages',
	'maxConcurrent',
	'maxNewTasks',
	'maxWaitMinutes',
	'onTimeout',
	'pollIntervalSeconds',
	'outputFieldName',
	'reuse',
	'simplify',
	'waitUsing',
]);

describe('a value in the form', () => {
	const simple = ['string', 'boolean', 'number', 'options', 'json'];
	const fields = description.properties
		.filter(({ displayOptions }) => displayOptions?.show?.operation?.includes('submit'))
		.flatMap((field) => (field.type === 'collection' ? innerOf(field) : [field]))
		.filter(({ type, name }) => simple.includes(type) && !NOT_IN_THE_BODY.has(name));

	/** The body of a submit with one field changed, wherever the form has that field. */
	async function bodyWith(model: string, changes: Record<string, unknown>): Promise<string> {
		const parameters: Record<string, unknown> = {
			model,
			imageInput: 'json',
			imagesJson: ['https://example.com/dog.png'],
			prompt: 'A dog',
			duration: 5,
			...changes,
			additionalFields: changes,
			options: changes,
		};
		const context = {
			getInputData: () => [{ json: {} }],
			getNodeParameter: (name: string, _item: number, fallback: unknown) =>
				parameters[name] ?? fallback,
		} as unknown as IExecuteFunctions;
		const run = { context, gateway: gateways.klingGlobal, isTool: false } as Run;
		const prepared = await prepareSubmit(run, 0);
		if ('issue' in prepared) return 'refused';
		const built = await prepared.build('key', undefined);
		return 'body' in built ? built.body : 'refused';
	}

	it.each(fields.map((field): [string, INodeProperties] => [field.name, field]))(
		'for %s is sent, to a model that takes it',
		async (name, field) => {
			const changes = otherValues(field).flatMap((value) =>
				knownModels.map(async ({ model }) => {
					const body = await bodyWith(model, { [name]: value });
					return body !== 'refused' && body !== (await bodyWith(model, {}));
				}),
			);
			expect(await Promise.all(changes)).toContain(true);
		},
	);
});

/** Values that are not the default. */
function otherValues(field: INodeProperties): unknown[] {
	const values: Record<string, unknown[]> = {
		string: ['https://a.example'],
		boolean: [true, false],
		number: [Number(field.default) + 1],
		json: ['{"a": 1}'],
	};
	return values[field.type] ?? choicesOf(field).filter((value) => value !== field.default);
}
