// From one item's parameters to a request that is known to be good, before anything is sent or paid.
import { familyOf, type Family } from '../../../api/models';
import { isAboutImage, isAboutImageLink } from '../../../api/errors/words';
import { fingerprintSource, toBody, type VideoRequest, sentPrompts } from '../../../api/request';
import { imageUrlIssue } from '../../../api/urls';
import { checkRequest, type RequestIssue } from '../../../api/checkRequest';
import { binaryFields, openFile, readBinaryField } from '../../../n8n/files';
import { collectImages, imageName, type ImageSource, type Refused } from '../../../images/collect';
import {
	downloadImage,
	encodeImages,
	examineImages,
	type ExaminedImage,
	type ImagePorts,
} from '../../../images/load';
import { checkCount } from '../../../images/validate';
import type { ItemIssue } from '../../../tasks/output';
import { requestHints } from './hints';
import { FIELD_LABELS, readSubmit, type SubmitParameters } from './parameters';
import type { Run } from './run';

/** An item that may be sent: what it asks for, what it costs in memory, and what the user should know. */
export interface Prepared {
	item: number;
	parameters: SubmitParameters;
	family: Family;
	/** The prompt, or the shots' prompts, as they are sent. */
	sentPrompt: string;
	/** Everything that changes the video. */
	fingerprintSource: string;
	/** Estimated length of the request body. */
	bytes: number;
	/** Reads the images again, right before the send, and makes the body. */
	build(
		key: string,
		callbackUrl: string | undefined,
	): Promise<{ body: string } | { issue: ItemIssue }>;
	hints: string[];
	/** Says which image a refusal of the service is about, where that can be told. */
	explain(issue: ItemIssue): ItemIssue;
}

/** What a request holds besides its images, for the queue's estimate. */
const BODY_FRAME_BYTES = 8_192;

/**
 * Checks every limit that can be checked here, reading each image once and keeping none.
 *
 * @returns the prepared item, or what to change
 */
export async function prepareSubmit(
	run: Run,
	item: number,
): Promise<Prepared | { issue: ItemIssue }> {
	const { context, gateway } = run;
	const read = readSubmit(run, item);
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

	const request = requestOf(parameters, sources);
	const issues = checkRequest({ ...request, images: sources }, family);
	if (issues.length > 0) return { issue: fieldIssue(issues) };

	const { fetchImages } = parameters.options;
	const ports = imagePorts(run, item, fetchImages, fields);
	const examined = await examineImages(sources, ports, family.image);
	if (examined.kind === 'refused') return { issue: imageIssue(examined) };

	return {
		item,
		parameters,
		family,
		sentPrompt: sentPrompts({ ...request, images: sources }, family).join('\n'),
		fingerprintSource: fingerprintSource(
			{ ...request, images: identities(sources, examined.images, fetchImages) },
			family,
			gateway,
		),
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
		hints: [
			...requestHints(parameters, { ...request, images: sources }, family, gateway),
			...examined.images.flatMap(({ hint }) => hint ?? []),
		],
		explain: (issue) => withImage(issue, sources, fetchImages),
	};
}

function requestOf(
	{ additionalFields, ...fields }: SubmitParameters,
	sources: ImageSource[],
): Omit<VideoRequest, 'images'> {
	return {
		model: fields.model,
		roles: sources.map(({ role }) => role ?? 'reference'),
		prompt: fields.prompt,
		nameImages: fields.options.nameImages,
		mode: fields.mode || undefined,
		duration: fields.duration || undefined,
		aspectRatio: fields.aspectRatio || undefined,
		shots: shotsOf(fields),
		negativePrompt: additionalFields.negativePrompt || undefined,
		watermark: additionalFields.watermark,
		sound: additionalFields.sound || undefined,
		callbackUrl: additionalFields.callbackUrl || undefined,
		externalTaskId: additionalFields.externalTaskId || undefined,
		additionalBodyFields: additionalFields.additionalBodyFields,
	};
}

function shotsOf({
	shots,
	shotList,
}: Pick<SubmitParameters, 'shots' | 'shotList'>): VideoRequest['shots'] {
	if (shots === 'none') return undefined;
	return shots === 'auto' ? 'auto' : (shotList.shot ?? []);
}

function imagePorts(
	{ context, signal: stop }: Run,
	item: number,
	fetchImages: boolean,
	fields: ImagePorts['fields'],
): ImagePorts {
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

function refusedUrl(sources: ImageSource[]): ItemIssue | undefined {
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

/** The service names no image: only a link in its words, or the only candidate, tells which one it means. */
function withImage(issue: ItemIssue, sources: ImageSource[], isFetched: boolean): ItemIssue {
	const said = issue.api?.facts.serviceMessage ?? '';
	if (!isAboutImage(said)) return issue;
	const all = sources.map((source, index) => ({ source, name: imageName(index, source) }));
	const links = all.filter(({ source }) => source.kind === 'url' && !isFetched);
	const named = links.filter(({ source }) => source.kind === 'url' && said.includes(source.url));
	const candidates = isAboutImageLink(said) ? links : all;
	const [one, ...others] = named.length > 0 ? named : candidates;
	if (one === undefined) return issue;
	const which =
		others.length === 0
			? `It is about ${one.name}.`
			: `It is about one of these: ${[one, ...others].map(({ name }) => name).join('; ')}.`;
	return { ...issue, description: `${which} ${issue.description}` };
}

function imageIssue({ message, description }: Refused): ItemIssue {
	return { message, description };
}

function fieldIssue(issues: RequestIssue[]): ItemIssue {
	return {
		message: issues.map(({ field, message }) => `'${FIELD_LABELS[field]}' ${message}`).join('; '),
		description: 'Change it and run again. Nothing was sent, so nothing was billed.',
	};
}

function sum(numbers: number[]): number {
	return numbers.reduce((total, number) => total + number, 0);
}
