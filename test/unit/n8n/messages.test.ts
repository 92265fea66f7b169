// n8n's error is made of our words, whatever n8n finds in them.
import type { INode } from 'n8n-workflow';
import { KlingApiError } from '../../../nodes/Kling/api/errors/error';
import { nodeError } from '../../../nodes/Kling/n8n/messages';

const node: INode = {
	id: '1',
	name: 'Kling AI',
	type: 'n8n-nodes-kling-video.kling',
	typeVersion: 1,
	position: [0, 0],
	parameters: {},
};
const message = 'Task 867 can no longer be retrieved (connect ECONNREFUSED 127.0.0.1:9) [item 2]';
const api = new KlingApiError({
	category: 'network',
	sendAgain: 'safe',
	message,
	description: 'Try again later',
});

describe('the error that n8n shows', () => {
	it.each([
		['of a refusal', api],
		['of the node itself', undefined],
	])('%s keeps item and task where the words hold a network code', (_, cause) => {
		const error = nodeError(node, {
			message,
			description: 'Collect it.',
			itemIndex: 2,
			api: cause,
		});
		expect(error.message).toBe(message);
		expect(error.description).toBe('Collect it.');
	});
});
