// When a field is shown must never be able to end a run.
import type { INodeProperties } from 'n8n-workflow';
import { NodeHelpers } from 'n8n-workflow';

import { KlingApi } from '../../../credentials/KlingApi.credentials';
import { Kling } from '../../../nodes/Kling/Kling.node';
import { KlingTrigger } from '../../../nodes/Kling/KlingTrigger.node';

const node = new Kling().description;

/** The names of the fields that a model shows beside it. */
function shownFor(model: string): string[] {
	const values = { resource: 'task', operation: 'submit', model: { __rl: true, mode: 'id', value: model } };
	return node.properties
		.filter((field: INodeProperties) => NodeHelpers.displayParameter(values, field, null, node))
		.map(({ name, displayOptions }) => `${name} ${JSON.stringify(displayOptions?.hide ?? {})}`);
}

describe('the conditions under which fields are shown', () => {
	it.each([
		['node', node],
		['trigger', new KlingTrigger().description],
		['credential', new KlingApi()],
	])('hold no regular expression, which n8n ends after 250 ms (%s)', (_, { properties }) => {
		expect(JSON.stringify(properties)).not.toContain('"regex"');
	});

	it('tell the omni models from the others, whatever stands around their names', () => {
		for (const model of ['kling-v3-omni', 'kling-video-o1', 'my/kling-video-o1-pro']) {
			expect(shownFor(model)).not.toEqual(shownFor('another-model'));
		}
		expect(shownFor('kling-v3-omni')).not.toEqual(shownFor('kling-video-o1'));
		expect(shownFor('kling-v2-master')).toEqual(shownFor('another-model'));
	});

	it('show each field once for a model', () => {
		for (const model of ['kling-v1-6', 'kling-v3-omni', 'kling-video-o1']) {
			const names = shownFor(model).map((field) => field.split(' ')[0]);
			expect(names).toEqual([...new Set(names)]);
		}
	});
});
