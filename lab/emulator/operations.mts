// The three operations of a dialect, create, get and list, once a call is authorized.
import type { IncomingMessage } from 'node:http';
import { isObject, readJson } from './body.mts';
import type { Clock } from './clock.mts';
import type { View } from './dialects/dialect.mts';
import { openAiVideo } from './dialects/ezmodel.mts';
import { json, type Reply } from './reply.mts';
import type { CollectionRoute, GetRoute, OpenAiVideoRoute } from './router.mts';
import type { Account } from './service/auth.mts';
import type { Kling } from './service/kling.mts';
import { asRecorded } from './service/record.mts';
import { isRefusal, refusal } from './service/refusal.mts';
import type { Task } from './service/task.mts';
import type { Settings } from './settings.mts';

export interface OperationParts {
	readonly clock: Clock;
	readonly settings: Settings;
	readonly kling: Kling;
	readonly view: () => View;
}

/** What a call came to, before any fault after it. */
export interface Result {
	readonly reply: Reply;
	readonly outcome: 'accepted' | 'answered' | 'refused';
	readonly task?: Task;
	readonly bodyBytes?: number;
}

/** Makes a task, or words why not; undefined where the caller went away while sending. */
export async function create(
	parts: OperationParts,
	request: IncomingMessage,
	{ dialect, family }: CollectionRoute,
	account: Account,
): Promise<Result | undefined> {
	const read = await readJson(request);
	if (read.kind === 'aborted') return undefined;
	if (read.kind === 'tooLarge') return refused(json(413, { message: 'Request Entity Too Large' }));
	const { value: body, bytes: bodyBytes } = read;
	const typed = /^application\/json\b/i.test(request.headers['content-type'] ?? '');
	if (!typed || !isObject(body)) {
		return refused(
			dialect.refused(refusal(1200, 'The body must be a JSON object'), 'create'),
			bodyBytes,
		);
	}
	const prepared = dialect.prepare(body, family);
	if (prepared.kind === 'refuse') return refused(prepared.reply, bodyBytes);

	const scope = { dialect: dialect.name, account: account.name, family: family.name };
	const made = await parts.kling.create({ ...prepared, scope, idForm: dialect.idForm });
	if (isRefusal(made)) return refused(dialect.refused(made, 'create'), bodyBytes);
	return {
		reply: dialect.submitted(made, parts.view()),
		outcome: 'accepted',
		task: made,
		bodyBytes,
	};
}

/** One page of the account's tasks. */
export function list(
	{ kling, clock, settings, view }: OperationParts,
	query: URLSearchParams,
	{ dialect, family }: CollectionRoute,
	account: Account,
): Result {
	const page = dialect.paging(query);
	if (isRefusal(page)) return refused(dialect.refused(page, 'list'));
	const scope = { dialect: dialect.name, account: account.name, family: family.name };
	const visibleUntil = clock.now() - settings.listLagMs;
	const tasks = kling.store.page(scope, page.pageNum, page.pageSize, visibleUntil);
	const seen = view();
	const rows = tasks.map((task) => asRecorded(task, seen));
	return { reply: dialect.listed(rows, seen), outcome: 'answered' };
}

/** One task, by its id or, where the dialect can, by its external id. */
export function get(parts: OperationParts, route: GetRoute, account: Account): Result {
	const { dialect, family, id } = route;
	const { store } = parts.kling;
	const scope = { dialect: dialect.name, account: account.name, family: family.name };
	const visibleUntil = parts.clock.now() - parts.settings.lookupLagMs;
	const byKey = dialect.hasExternalLookup && dialect.canLookUp(id);
	const task =
		store.findById(scope, id) ??
		(byKey ? store.findByClientKey(scope, id, visibleUntil) : undefined);
	if (task === undefined) return refused(dialect.notFound(id));
	const view = parts.view();
	return { reply: dialect.got(asRecorded(task, view), view), outcome: 'answered', task };
}

/** One task as an OpenAI video, whatever its family. */
export function getOpenAiVideo(
	parts: OperationParts,
	{ dialect, id }: OpenAiVideoRoute,
	account: Account,
): Result {
	const task = parts.kling.store.get(id);
	const known = task?.dialect === dialect.name && task.account === account.name;
	if (!known) return refused(dialect.notFound(id));
	const view = parts.view();
	const reply = json(200, openAiVideo(asRecorded(task, view), view));
	return { reply, outcome: 'answered', task };
}

/** A refused call. */
export function refused(reply: Reply, bodyBytes = 0): Result {
	return { reply, outcome: 'refused', bodyBytes };
}
