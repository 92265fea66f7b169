// From one item's parameters to a request that is known to be good, before anything is sent or paid.
import type { IExecuteFunctions } from 'n8n-workflow';

import type { Gateway } from '../../api/gateways';
import { familyOf, type Family } from '../../api/models';
import {
	checkRequest,
	fingerprintSource,
	imageUrlIssue,
	toBody,
	type RequestIssue,
	type VideoRequest,
} from '../../api/request';
import { binaryFields, openFile, readBinaryField } from '../../host/files';
import { checkCount, collectImages } from '../../images/collect';
import { downloadImage } from '../../images/download';
import { encodeImages, examineImages, type ExaminedImage, type ImagePorts } from '../../images/read';
import { imageName, type ImageSource, type Refused } from '../../images/source';
import type { Issue } from '../outcome';
import { hintsOf } from './submit.hints';
import { FIELD_LABELS, readSubmit, type SubmitParameters } from './submit.parameters';

/** An item that may be sent: what it asks for, what it costs in memory, and what the user should know. */
export interface Prepared {
	item: number;
	parameters: SubmitParameters;
	family: Family;
	/** Everything that changes the video, in a fixed order. */
	fingerprintSource: string;
	/** Estimated length of the request body. */
	bytes: number;
	/** Reads the images again, right before the send, and makes the body. */
	build(key: string, callbackUrl: string | undefined): Promise<{ body: string } | { issue: Issue }>;
	hints: string[];
}

/** What a request holds besides its images, for the queue's estimate. */
const BODY_FRAME_BYTES = 8_192;

/**
 * Checks every limit that can be checked here, reading each image once and keeping none.
 *
 * @returns the prepared item, or what to change
 */
export async function prepareSubmit(
	context: IExecuteFunctions,
	gateway: Gateway,
	item: number,
): Promise<Prepared | { issue: Issue }> {
	const read = readSubmit(context, item);
	if (!read.ok) return { issue: read.issue };
	const parameters = read.value;
	const family = familyOf(parameters.model);

	const fields = binaryFields(context, item);
	const collected = collectImages(parameters, fields);
	if (collected.kind === 'refused') return { issue: imageIssue(collected) };
	const { sources } = collected;
	const miscounted = checkCount(sources.length, family);
	if (miscounted !== undefined) return { issue: imageIssue(miscounted) };
	const badUrl = refusedUrl(sources);
	if (badUrl !== undefined) return { issue: badUrl };

	const request = requestOf(parameters);
	const issues = checkRequest({ ...request, images: sources }, family);
	if (issues.length > 0) return { issue: fieldIssue(issues) };

	const { fetchImages } = parameters.options;
	const ports = imagePorts(context, item, fetchImages, fields);
	const examined = await examineImages(sources, ports, family.image);
	if (examined.kind === 'refused') return { issue: imageIssue(examined) };

	return {
		item,
		parameters,
		family,
		fingerprintSource: fingerprintSource({ ...request, images: identities(sources, examined.images, fetchImages) }),
		bytes: BODY_FRAME_BYTES + sum(examined.images.map((image) => image.bodyLength)),
		async build(externalTaskId, callbackUrl) {
			const encoded = await encodeImages(sources, ports, family.image, examined.images);
			if (encoded.kind === 'refused') return { issue: imageIssue(encoded) };
			const whole: VideoRequest = {
				...request,
				images: encoded.values,
				externalTaskId,
				callbackUrl: request.callbackUrl ?? callbackUrl,
			};
			return { body: toBody(whole, family, gateway) };
		},
		hints: hintsOf(parameters, sources, family, gateway),
	};
}

function requestOf({ additionalFields, ...fields }: SubmitParameters): Omit<VideoRequest, 'images'> {
	return {
		model: fields.model,
		prompt: fields.prompt,
		mode: fields.mode || undefined,
		duration: fields.duration || undefined,
		aspectRatio: fields.aspectRatio || undefined,
		negativePrompt: additionalFields.negativePrompt || undefined,
		watermark: additionalFields.watermark,
		sound: additionalFields.sound || undefined,
		callbackUrl: additionalFields.callbackUrl || undefined,
		externalTaskId: additionalFields.externalTaskId || undefined,
	};
}

function imagePorts(
	context: IExecuteFunctions,
	item: number,
	fetchImages: boolean,
	fields: ImagePorts['fields'],
): ImagePorts {
	const stop = context.getExecutionCancelSignal();
	return {
		fields,
		readBinary: async (property, maxBytes) =>
			await readBinaryField(context, item, property, maxBytes),
		...(fetchImages && {
			download: async (url: string, maxBytes: number) =>
				await downloadImage(
					url,
					maxBytes,
					async (link, signal) => await openFile(context, link, signal),
					stop,
				),
		}),
	};
}

/** A link stands for itself, content for its digest, also when n8n loads it from a link that changes. */
function identities(sources: ImageSource[], images: ExaminedImage[], fetched: boolean): string[] {
	return sources.map((source, index) =>
		source.kind === 'url' && !fetched ? source.url : `sha256:${images[index]?.digest ?? ''}`,
	);
}

function refusedUrl(sources: ImageSource[]): Issue | undefined {
	for (const [index, source] of sources.entries()) {
		if (source.kind !== 'url') continue;
		const issue = imageUrlIssue(source.url);
		if (issue?.kind !== 'refuse') continue;
		return {
			message: `${imageName(index, source)} ${issue.message}`,
			description: 'Give a public link that starts with https:// and leads to a JPG or PNG file.',
		};
	}
	return undefined;
}

function imageIssue({ message, nextStep }: Refused): Issue {
	return { message, description: nextStep };
}

function fieldIssue(issues: RequestIssue[]): Issue {
	return {
		message: issues.map(({ field, message }) => `'${FIELD_LABELS[field]}' ${message}`).join('; '),
		description: 'Change it and run again. Nothing was sent, so nothing was billed.',
	};
}

function sum(numbers: number[]): number {
	return numbers.reduce((total, number) => total + number, 0);
}
