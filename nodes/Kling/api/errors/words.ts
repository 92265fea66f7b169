// What the words of a refusal tell where its code does not: what it means, and what to do next.
import {
	badKey,
	CHANGE_CONTENT,
	klingCodes,
	lostUpstream,
	noChannel,
	noCredit,
	noSuchTask,
	refusedContent,
} from './codes';
import { families, MEGABYTE } from '../models';
import type { Classification } from './error';

const SAYS_NO_TASK =
	/任务不存在|no such task|invalid task[_ ]?id|task.{0,60}(?:not|n't)[_ ](?:exist|be found|found)/i;

/** Phrases in the message, looked at only where no code and no word is known. */
const PHRASES: ReadonlyArray<[RegExp, Classification | undefined]> = [
	[SAYS_NO_TASK, noSuchTask],
	[/parallel task over resource pack|并发.{0,60}(?:超|上限)/i, klingCodes['1303']],
	[
		/too many requests|rate limit|请求过于频繁|请求过快|速率限制|上游负载已饱和/i,
		klingCodes['1302'],
	],
	[
		/balance not enough|insufficient (?:balance|quota|credit)|余额不足|额度不足|resource pack.{0,60}(?:exhaust|expire)/i,
		noCredit,
	],
	[
		/invalid (?:api[ _]?)?(?:key|token)|incorrect api key|api key not found|无效的令牌|令牌(?:已过期|无效)/i,
		badKey,
	],
	[/no available channel|无可用渠道/i, noChannel],
	[/risk control|content (?:security|policy)|sensitive|敏感/i, refusedContent],
	[
		/internal (?:server )?(?:error|timeout)|server internal|temporarily unavailable|服务器?(?:内部|暂时|正在维护)|内部错误|暂时不可用/i,
		klingCodes['5000'],
	],
];

/**
 * The classification of the first phrase that fits.
 *
 * @param outcomeIsOpen the status says that a task may exist (408, 5xx); then only a phrase that proves
 * that nothing was sent on counts
 */
export function classifyPhrase(
	message: string,
	outcomeIsOpen: boolean,
): Classification | undefined {
	const classification = PHRASES.find(([pattern]) => pattern.test(message))?.[1];
	// Money: words in passing do not outweigh a status that leaves the outcome open.
	return outcomeIsOpen && classification !== noChannel ? undefined : classification;
}

/** Kling and its relatives say so under codes for bad parameters, too. */
export function classifyNoTask(message: string): Classification | undefined {
	return SAYS_NO_TASK.test(message) ? noSuchTask : undefined;
}

const SAYS_LOST =
	/tim(?:e|ed)[ -]?out|deadline exceeded|\bEOF\b|(?:connection|socket).{0,20}(?:reset|closed|lost|hang|hung)|bad gateway|超时|积压/i;

/** Money: asked where neither code nor status says anything; such words do not prove that nothing was made. */
export function classifyLostAnswer(message: string): Classification | undefined {
	return SAYS_LOST.test(message) ? lostUpstream : undefined;
}

const NAMES_KEY = /external[ _-]?(?:task[ _-]?)?id|custom (?:task )?id|外部任务|自定义任务/i;
const SAYS_TAKEN = /exist|duplicat|repeat|already|in use|unique|重复|已存在|已被使用|唯一/i;
const SAYS_ABSENT = /not[ _]exist|n't exist|not[ _]found|no such|不存在/i;

/**
 * Does the message say that the external task id exists already? The code of that refusal is not established
 * (the documentation only says "must be unique for each user"), so its words are read.
 */
export function saysTaken(message: string): boolean {
	return NAMES_KEY.test(message) && SAYS_TAKEN.test(message) && !SAYS_ABSENT.test(message);
}

const { maxBytes, minSide, maxRatio } = families.multiImage.image;
const IMAGE_LINK =
	"Open the image's link in a private browser window: the service has to reach it without a login. For links that only your n8n can open, turn on the option 'Download Images First'";
const IMAGE_FILE =
	"Convert the image to JPG or PNG, for example with n8n's Edit Image node. With the option 'Download Images First' n8n checks it before anything is sent";
const IMAGE_SIZE = `An image has at most ${maxBytes / MEGABYTE} MB, at least ${minSide} pixels on each side, and a shape between 1:${maxRatio} and ${maxRatio}:1. With the option 'Download Images First' n8n checks it before anything is sent`;
const MODEL =
	"Set 'Model' to Automatic, or pick a model that the provider sells to this account; its price list shows which";

/** The first that fits counts. Each looks at a short text only. */
const ADVICE: ReadonlyArray<[about: 'image' | 'request', pattern: RegExp, description: string]> = [
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
	[
		'request',
		/risk control|content (?:security|policy|check)|sensitive|敏感|审核/i,
		CHANGE_CONTENT,
	],
	['request', /\bmodel(?:_name)?\b|模型/i, MODEL],
];

/**
 * @param said a service's words, cut to the length of a message
 * @returns what to do next, without a full stop; undefined where the words say nothing known
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
