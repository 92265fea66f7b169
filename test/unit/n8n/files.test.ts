// What is said of an input file that cannot be had: not there, or there and not readable.
import type { IExecuteFunctions } from 'n8n-workflow';

import { readBinaryField } from '../../../nodes/Kling/n8n/files';

const stored = { id: 'filesystem-v2:x', data: '', mimeType: 'image/png' };

function contextWith(helpers: object): IExecuteFunctions {
	return { helpers, logger: { debug: () => undefined } } as unknown as IExecuteFunctions;
}

test('a field that the item does not have is missing', async () => {
	const context = contextWith({
		assertBinaryData: () => {
			throw new Error("This operation expects the node's input data to contain a binary file");
		},
	});
	expect(await readBinaryField(context, 0, 'front', 100)).toEqual({ kind: 'missing' });
});

test.each([
	['metadata', { getBinaryMetadata: async () => await Promise.reject(new Error('ENOENT')) }],
	[
		'content',
		{
			getBinaryMetadata: async () => ({ fileSize: 10 }),
			getBinaryDataBuffer: async () => await Promise.reject(new Error('ENOENT')),
		},
	],
])(
	'a file whose %s the storage does not give is unreadable, with the reason',
	async (_, helpers) => {
		const context = contextWith({ assertBinaryData: () => stored, ...helpers });
		const read = await readBinaryField(context, 0, 'front', 100);
		expect(read).toEqual({ kind: 'unreadable', reason: 'ENOENT' });
	},
);
