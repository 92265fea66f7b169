// A client whose service always gives the same answer, for the tests of the client.
import {
	createClient,
	type ApiRequest,
	type Outcome,
	type Send,
} from '../../../nodes/Kling/api/client';
import { resolveService } from '../../../nodes/Kling/api/service';

export const KEY = 'a-secret-key-of-the-credential';

export function answered(
	status: number,
	body: unknown,
	headers: Record<string, string> = {},
): Outcome {
	return {
		kind: 'answered',
		status,
		headers,
		body: typeof body === 'string' ? body : JSON.stringify(body),
	};
}

/** A client of one provider whose service always answers the same, and the requests that it got. */
export function clientOf(provider: string, outcome: Outcome, fields: object = {}) {
	const requests: ApiRequest[] = [];
	const send: Send = async (request) => {
		requests.push(request);
		return outcome;
	};
	const service = resolveService({ provider, apiKey: KEY, ...fields });
	return { client: createClient(service, send, { now: () => 1_000_000 }), requests };
}

export const page = '<!DOCTYPE html><html><body>Welcome</body></html>';
