// Files as n8n holds them: input binary fields, plain downloads without the API key, and its storage.
import type {
	IBinaryData,
	IExecuteFunctions,
	IHttpRequestOptions,
	IWebhookFunctions,
} from 'n8n-workflow';

import type { Opened } from '../api/urls';
import type { BinaryField } from '../images/collect';
import type { ReadFile } from '../images/load';
import { outcomeOf } from './http';
import { reasonOf } from './messages';

/** The stream that n8n's storage takes; derived, because a node may not import `node:stream`. */
export type FileStream = Exclude<
	Parameters<IExecuteFunctions['helpers']['prepareBinaryData']>[0],
	Buffer
>;

export type FileContext = IExecuteFunctions | IWebhookFunctions;

/**
 * Opens a link as a stream, following redirects. The API key takes no part in it: this is the
 * helper without authentication.
 *
 * @param signal ends the request and a body that is under way
 * @returns any status as an answer; never throws
 */
export async function openFile(
	context: FileContext,
	url: string,
	signal: AbortSignal,
): Promise<Opened<FileStream>> {
	const options: IHttpRequestOptions = {
		method: 'GET',
		url,
		headers: { 'Accept-Encoding': 'identity' },
		encoding: 'stream',
		returnFullResponse: true,
		ignoreHttpStatusErrors: true,
		sendCredentialsOnCrossOriginRedirect: false,
		abortSignal: signal,
	};
	try {
		const response = (await context.helpers.httpRequest(options)) as {
			statusCode: number;
			headers: Record<string, unknown>;
			body: FileStream;
		};
		return {
			kind: 'answered',
			status: response.statusCode,
			headers: response.headers,
			body: response.body,
		};
	} catch (thrown) {
		const outcome = outcomeOf(thrown);
		return { kind: 'failed', reason: 'reason' in outcome ? outcome.reason : 'no answer' };
	}
}

/** The names of an item's binary fields with what n8n says of each. */
export function binaryFields(context: IExecuteFunctions, item: number): BinaryField[] {
	const binary = context.getInputData()[item]?.binary ?? {};
	return Object.entries(binary).map(([name, data]) => ({ name, mimeType: data.mimeType }));
}

/**
 * Reads one binary field into memory, unless it is bigger than allowed.
 * n8n's own look-up finds it in either of its ways to hold files (workflow setting "binary mode").
 *
 * @param maxBytes a bigger file is not read at all
 */
export async function readBinaryField(
	context: IExecuteFunctions,
	item: number,
	name: string,
	maxBytes: number,
): Promise<ReadFile> {
	const data = fieldOf(context, item, name);
	if (data === undefined) return { kind: 'missing' };
	try {
		const size = await sizeOf(context, data);
		if (size !== undefined && size > maxBytes) return { kind: 'tooBig', bytes: size };
		const bytes = await context.helpers.getBinaryDataBuffer(item, name);
		return bytes.length > maxBytes
			? { kind: 'tooBig', bytes: bytes.length }
			: { kind: 'bytes', bytes };
	} catch (thrown) {
		return { kind: 'unreadable', reason: reasonOf(thrown) };
	}
}

function fieldOf(context: IExecuteFunctions, item: number, name: string): IBinaryData | undefined {
	try {
		return context.helpers.assertBinaryData(item, name);
	} catch (thrown) {
		context.logger.debug(`Item ${item} has no input field ${name}: ${reasonOf(thrown)}`);
		return undefined;
	}
}

async function sizeOf(context: IExecuteFunctions, data: IBinaryData): Promise<number | undefined> {
	if (typeof data.bytes === 'number') return data.bytes;
	if (data.id === undefined) return Math.floor((data.data.length * 3) / 4);
	const { fileSize } = await context.helpers.getBinaryMetadata(data.id);
	return fileSize;
}

/** Hands a stream to n8n's storage; throws what the stream throws, and n8n then keeps no file. */
export async function storeFile(
	context: FileContext,
	stream: FileStream,
	fileName: string,
	mimeType: string,
): Promise<IBinaryData> {
	return await context.helpers.prepareBinaryData(stream, fileName, mimeType);
}
