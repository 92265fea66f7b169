// Guard rail: no condition of the form asks for the model where there is none, which breaks every run on n8n 1.
import type { IDisplayOptions, INodeProperties } from 'n8n-workflow';
import { Kling } from '../../../nodes/Kling/Kling.node';

/** Fields with those inside their collections. */
function withInner(fields: INodeProperties[]): INodeProperties[] {
	return fields.flatMap((field) => [field, ...withInner(innerOf(field))]);
}

function innerOf({ options = [] }: INodeProperties): INodeProperties[] {
	return options.flatMap((option) => {
		if ('values' in option) return option.values;
		return 'displayName' in option && 'type' in option ? [option] : [];
	});
}

/** What is asked for, in n8n's order, before the first look into a value. */
function askedFirst({ show = {}, hide = {} }: IDisplayOptions): string[] | undefined {
	const asked = [...Object.entries(show), ...Object.entries(hide)];
	const looks = ([, conditions]: (typeof asked)[number]) =>
		(conditions ?? []).some((one) => typeof one === 'object' && one !== null && '_cnd' in one);
	const first = asked.findIndex(looks);
	return first < 0 ? undefined : asked.slice(0, first).map(([name]) => name.replace('/', ''));
}

it('the operation is asked for before any look into the name of the model', () => {
	const fields = withInner(new Kling().description.properties);
	const looking = fields.flatMap(({ name, displayOptions }) => {
		const before = displayOptions === undefined ? undefined : askedFirst(displayOptions);
		return before === undefined ? [] : [{ name, before }];
	});
	expect(looking.map(({ name }) => name)).toEqual(
		expect.arrayContaining(['prompt', 'mode', 'duration', 'negativePrompt', 'sound']),
	);
	for (const { name, before } of looking)
		expect([name, before]).toEqual([name, expect.arrayContaining(['operation'])]);
});
