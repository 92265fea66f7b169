// Carries out an API fault on one call: what is answered instead of the truth, or that nothing is.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CallKind, Dialect } from '../dialects/dialect.mts';
import { text, type Reply } from '../reply.mts';
import { refusal } from '../service/refusal.mts';
import type { Settings } from '../settings.mts';
import type { ApiFault } from './rules.mts';

export type Effect =
	| { readonly kind: 'reply'; readonly reply: Reply }
	/** The connection is left open, or was broken. */
	| { readonly kind: 'silence' };

/** Whether the fault strikes before the call is looked at. */
export function strikesBefore(fault: ApiFault | undefined): boolean {
	if (fault === undefined || fault.kind === 'slow') return false;
	return fault.kind === 'duplicate' || fault.when === 'before';
}

/** What the caller gets in place of the true reply; `slow` has nothing of its own. */
export function applyApiFault(
	fault: Exclude<ApiFault, { kind: 'slow' }>,
	exchange: { request: IncomingMessage; response: ServerResponse },
	dialect: Dialect,
	call: CallKind,
	settings: Settings,
): Effect {
	switch (fault.kind) {
		case 'hang':
			exchange.request.resume();
			return { kind: 'silence' };
		case 'reset':
			exchange.request.socket.resetAndDestroy();
			return { kind: 'silence' };
		case 'http':
			return replied(bare(fault));
		case 'code': {
			const { code, message, insideOk, retryAfter } = fault;
			const refused = refusal(code, message, { insideOk, retryAfter });
			return replied(
				isAuthCode(code) ? dialect.unauthorized(refused) : dialect.refused(refused, call),
			);
		}
		case 'duplicate':
			return replied(
				dialect.refused(refusal(settings.duplicateCode, 'external_task_id already exists'), call),
			);
		case 'empty':
			return replied(text(fault.status, 'application/json', ''));
		case 'html':
			return replied(
				text(fault.status, 'text/html', '<html><body><h1>Please wait</h1></body></html>'),
			);
	}
}

function isAuthCode(code: number): boolean {
	return code >= 1000 && code <= 1004;
}

function bare({ status, body, retryAfter }: Extract<ApiFault, { kind: 'http' }>): Reply {
	const headers: Record<string, string> =
		retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
	if (body === undefined) {
		return {
			status,
			body: `HTTP ${status}`,
			headers: { 'content-type': 'text/plain', ...headers },
		};
	}
	return { status, body, headers };
}

function replied(reply: Reply): Effect {
	return { kind: 'reply', reply };
}
