// Answers the calls of all dialects: fault, authorization, operation, wording, in that order.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { readBody } from './body.mts';
import type { Courier } from './callbacks/courier.mts';
import { applyApiFault, strikesBefore } from './faults/applyApi.mts';
import type { FaultPlan } from './faults/plan.mts';
import type { ApiFault } from './faults/rules.mts';
import type { Journal } from './journal.mts';
import {
	create,
	get,
	getOpenAiVideo,
	list,
	refused,
	type OperationParts,
	type Result,
} from './operations.mts';
import { write } from './reply.mts';
import { kindOf, type Route } from './router.mts';
import { authorize, type Account } from './service/auth.mts';
import { isRefusal } from './service/refusal.mts';
import type { Task } from './service/task.mts';

interface Parts extends OperationParts {
	readonly accounts: readonly Account[];
	readonly plan: FaultPlan;
	readonly journal: Journal;
	readonly courier: Courier;
}

interface Exchange {
	readonly request: IncomingMessage;
	readonly response: ServerResponse;
	readonly url: URL;
}

export class Api {
	readonly #parts: Parts;

	constructor(parts: Parts) {
		this.#parts = parts;
	}

	/** Answers one call. */
	async handle(exchange: Exchange, route: Route): Promise<void> {
		const { plan, courier } = this.#parts;
		const { method = 'GET', url: path = '/' } = exchange.request;
		const fault = plan.forApi({ call: kindOf(route), method, path, dialect: route.dialect.name });

		if (strikesBefore(fault)) {
			const isAnswered = fault?.kind !== 'reset' && fault?.kind !== 'hang';
			if (isAnswered) await readBody(exchange.request);
			return this.#answer(exchange, route, { outcome: 'refused' }, fault);
		}
		const result = await this.#carryOut(exchange, route);
		if (result === undefined) return;

		const made = result.outcome === 'accepted' ? result.task : undefined;
		if (made !== undefined) await this.#announceEarly(made);
		if (fault?.kind === 'slow') await sleep(fault.delayMs);
		await this.#answer(exchange, route, result, fault);
		if (made !== undefined) await courier.announce(made);
	}

	/** Writes the reply, or what the fault puts in its place, and notes the call. */
	async #answer(
		{ request, response }: Exchange,
		route: Route,
		result: Partial<Result> & Pick<Result, 'outcome'>,
		fault: ApiFault | undefined,
	): Promise<void> {
		const { journal, settings } = this.#parts;
		const call = kindOf(route);
		const effect =
			fault === undefined || fault.kind === 'slow'
				? undefined
				: applyApiFault(fault, { request, response }, route.dialect, call, settings);
		const inItsPlace = effect?.kind === 'reply' ? effect.reply : undefined;
		const reply = effect === undefined ? result.reply : inItsPlace;
		journal.call({
			kind: call,
			dialect: route.dialect.name,
			method: request.method ?? 'GET',
			path: request.url ?? '/',
			bodyBytes: result.bodyBytes ?? 0,
			status: reply?.status,
			outcome: result.outcome,
			fault: fault?.kind,
			taskId: result.task?.id,
		});
		if (reply !== undefined) await write(response, reply);
	}

	/** The result of a call, or undefined where the caller went away. */
	async #carryOut({ request, url }: Exchange, route: Route): Promise<Result | undefined> {
		const { dialect } = route;
		if (route.call === 'none') {
			request.resume();
			return refused(dialect.noRoute(request.method ?? 'GET', url.pathname));
		}
		const account = this.#authorize(request.headers.authorization, route);
		if (isRefusal(account)) {
			request.resume();
			return refused(dialect.unauthorized(account));
		}
		switch (route.call) {
			case 'create':
				return create(this.#parts, request, route, account);
			case 'list':
				return list(this.#parts, url.searchParams, route, account);
			case 'get':
				return get(this.#parts, route, account);
			case 'openAiVideo':
				return getOpenAiVideo(this.#parts, route, account);
		}
	}

	#authorize(header: string | undefined, { dialect }: Route): ReturnType<typeof authorize> {
		const { accounts, clock, settings } = this.#parts;
		return authorize(header, {
			accounts,
			scheme: dialect.authScheme,
			acceptsJwt: dialect.acceptsJwt,
			now: (clock.now() + settings.authSkewMs) / 1000,
			maxTokenSeconds: settings.maxTokenSeconds,
		});
	}

	/** A notice that overtakes the reply to the submit; one of an end ends the task. */
	async #announceEarly(task: Task): Promise<void> {
		const { plan, kling, courier } = this.#parts;
		for (const status of ['submitted', 'succeed', 'failed'] as const) {
			const early = plan.forEarlyCallback({ status, dialect: task.dialect, taskId: task.id });
			if (early === undefined) continue;
			if (status === 'succeed') kling.lifecycle.succeed(task);
			if (status === 'failed') kling.lifecycle.fail(task, 'ended early');
			return courier.announce(task);
		}
	}
}
