// What to do next where a service's words say more than its code: codes for parameters stand for many things.

const IMAGE_LINK =
	"Open the image's link in a private browser window: the service has to reach it without a login. For links that only your n8n can open, turn on the option 'Download Images First'";
const IMAGE_FILE =
	"Convert the image to JPG or PNG, for example with n8n's Edit Image node. With the option 'Download Images First' n8n checks it before anything is sent";
const IMAGE_SIZE =
	"An image has at most 10 MB, at least 300 pixels on each side, and a shape between 1:2.5 and 2.5:1. With the option 'Download Images First' n8n checks it before anything is sent";
const MODEL =
	"Set 'Model' to Automatic, or pick a model that the provider sells to this account; its price list shows which";
const CONTENT =
	'Reword the prompt or use other images, then run again. The check belongs to the service and cannot be turned off';

/** The first that fits counts. Each looks at a short text only. */
const ADVICE: ReadonlyArray<[about: 'image' | 'request', pattern: RegExp, nextStep: string]> = [
	[
		'image',
		/image url|(?:download|fetch|load|access)\w{0,8} (?:the )?image|image.{0,40}download/i,
		IMAGE_LINK,
	],
	['image', /图片.{0,20}(?:下载|访问|获取)/, IMAGE_LINK],
	[
		'image',
		/image.{0,40}(?:pixel|size|resolution|ratio|exceed)|resolution or aspect ratio/i,
		IMAGE_SIZE,
	],
	['image', /图片.{0,20}(?:尺寸|大小|像素|比例|分辨率)/, IMAGE_SIZE],
	[
		'image',
		/image.{0,40}(?:format|readable|not supported)|valid base64|图片.{0,20}格式/i,
		IMAGE_FILE,
	],
	['request', /risk control|content (?:security|policy|check)|sensitive|敏感|审核/i, CONTENT],
	['request', /\bmodel(?:_name)?\b|模型/i, MODEL],
];

/**
 * @param said a service's words, cut to the length of a message
 * @returns the step that fits these words, without a full stop; undefined where they say nothing known
 */
export function adviceOf(said: string): string | undefined {
	return ADVICE.find(([, pattern]) => pattern.test(said))?.[2];
}

/** True where the words are about an image, so that it helps to say which one. */
export function isAboutImage(said: string): boolean {
	return ADVICE.some(([about, pattern]) => about === 'image' && pattern.test(said));
}

/** True where the words are about a link that the service could not open. */
export function isAboutImageLink(said: string): boolean {
	return adviceOf(said) === IMAGE_LINK;
}
