// Asks the service for the tasks that notifications name: few requests at a time, many tasks with one list request.
import type { IWebhookFunctions } from 'n8n-workflow';

import type { KlingClient, ListOutcome } from '../api/client';
import { KlingApiError } from '../api/errors/error';
import { Limit } from '../api/limit';
import { families, type Family } from '../api/models';
import { LARGEST_PAGE } from '../api/pages';
import { clock } from '../n8n/clock';
import { connect, findTask, type FindOutcome } from '../tasks/readTasks';
import { keyOf, type NotifiedTask } from './deduplication';

/** How long one question may take as a whole, with both endpoints: its sender may be waiting. */
const DEADLINE_MS = 10_000;
/** For all triggers of this process, so that a flood of notifications is no flood of requests. */
const atOnce = new Limit(5);
/** From this many waiting questions on, one list request answers all. */
const LIST_FROM = 4;
/** How long each task is asked for by itself after a list that could not be read, in milliseconds. */
const WITHOUT_LIST_MS = 60_000;

interface Question {
	taskId: string;
	/** The list did not tell, so that only a request of its own can. */
	isAlone: boolean;
	resolve(outcome: FindOutcome): void;
	reject(reason: unknown): void;
}

/** One per trigger and process. */
export class StatusFetcher {
	/** Where the last task was found: asked first, so that one request is enough. */
	likelyFamily: Family = families.multiImage;
	private readonly underWay = new Map<string, Promise<FindOutcome>>();
	private waiting: Question[] = [];
	/** Unix time in milliseconds: a list that could not be read is left alone for a while, a missing one for good. */
	private listFrom = 0;

	/**
	 * What the service says of a task. Questions about the same task and status share one request.
	 *
	 * @throws when the credential cannot be read
	 */
	async fetch(context: IWebhookFunctions, task: NotifiedTask): Promise<FindOutcome> {
		const key = keyOf(task);
		const shared = this.underWay.get(key);
		if (shared !== undefined) return await shared;
		const asked = new Promise<FindOutcome>((resolve, reject) => {
			this.enqueue(context, { taskId: task.id, isAlone: false, resolve, reject });
		});
		this.underWay.set(key, asked);
		try {
			return await asked;
		} finally {
			this.underWay.delete(key);
		}
	}

	/** Each question brings a turn of its own; a turn that finds its question answered does nothing. */
	private enqueue(context: IWebhookFunctions, question: Question): void {
		this.waiting.push(question);
		void atOnce.run(async () => {
			const questions = this.take();
			try {
				if (questions.length > 0) await this.ask(context, questions);
			} catch (thrown) {
				for (const { reject } of questions) reject(thrown);
			}
		});
	}

	private take(): Question[] {
		const together = this.waiting.filter(({ isAlone }) => !isAlone);
		if (clock.now() < this.listFrom || together.length < LIST_FROM)
			return this.waiting.splice(0, 1);
		this.waiting = this.waiting.filter(({ isAlone }) => isAlone);
		return together;
	}

	/** @throws when the credential cannot be read */
	private async ask(context: IWebhookFunctions, questions: Question[]): Promise<void> {
		const client = await openClient(context);
		const [only, ...others] = questions;
		if (only !== undefined && others.length === 0) {
			const outcome = await withDeadline<FindOutcome>(
				findTask(this.likelyFamily, async (family) => await client.fetch(family, only.taskId)),
				(error) => ({ kind: 'transient', error, family: this.likelyFamily }),
			);
			if (outcome.kind === 'found') this.likelyFamily = outcome.family;
			only.resolve(outcome);
			return;
		}
		const family = this.likelyFamily;
		const page = await withDeadline<ListOutcome>(client.list(family, 1, LARGEST_PAGE), (error) => ({
			kind: 'transient',
			error,
		}));
		if (page.kind === 'unsupported') this.listFrom = Infinity;
		else if (page.kind !== 'page') this.listFrom = clock.now() + WITHOUT_LIST_MS;
		const listed = new Map(
			page.kind === 'page' ? page.tasks.map((snapshot) => [snapshot.task.id, snapshot]) : [],
		);
		for (const question of questions) {
			const snapshot = listed.get(question.taskId);
			if (snapshot !== undefined) question.resolve({ kind: 'found', family, ...snapshot });
			else if (page.kind === 'transient') question.resolve({ ...page, family });
			else this.enqueue(context, { ...question, isAlone: true });
		}
	}
}

/**
 * The client of the credential's service.
 *
 * @throws when the credential cannot be read
 */
export async function openClient(context: IWebhookFunctions): Promise<KlingClient> {
	const { client } = await connect(context, { getTimeoutMs: DEADLINE_MS });
	return client;
}

/** The answer, or what `late` makes of its absence after `DEADLINE_MS`. */
export async function withDeadline<Result>(
	answer: Promise<Result>,
	late: (error: KlingApiError) => Result,
): Promise<Result> {
	const answered = new AbortController();
	try {
		return await Promise.race([
			answer,
			clock.sleep(DEADLINE_MS, answered.signal).then(() => late(noAnswer())),
		]);
	} finally {
		answered.abort();
	}
}

function noAnswer(): KlingApiError {
	return new KlingApiError({
		category: 'network',
		sendAgain: 'safe',
		message: `The service did not answer within ${DEADLINE_MS / 1000} seconds`,
		description: 'Try again later',
	});
}
