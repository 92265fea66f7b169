// Checks Authorization as the official service does: API key, or a JWT signed HS256 with the secret key.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { isObject, parseJson } from '../body.mts';
import { refusal, type Refusal } from './refusal.mts';

export interface Account {
	readonly name: string;
	readonly apiKey: string;
	readonly accessKey: string;
	readonly secretKey: string;
}

export interface AuthRules {
	readonly accounts: readonly Account[];
	/** `none`: the bare key, as duomi takes it. */
	readonly scheme: 'Bearer' | 'none';
	readonly acceptsJwt: boolean;
	/** Unix seconds by the service's clock, skew included. */
	readonly now: number;
	/** Seconds; 0 is no limit. */
	readonly maxTokenSeconds: number;
}

/** The account that a header belongs to, or the refusal with one of the codes 1000 to 1004. */
export function authorize(header: string | undefined, rules: AuthRules): Account | Refusal {
	if (header === undefined || header.trim() === '') return refusal(1001);
	const token = rules.scheme === 'none' ? header : /^Bearer (\S+)$/.exec(header)?.[1];
	if (token === undefined) return refusal(1002);

	const byKey = rules.accounts.find((account) => same(account.apiKey, token));
	if (byKey !== undefined) return byKey;
	if (!rules.acceptsJwt || token.split('.').length !== 3) return refusal(1002, 'api key not found');
	return checkJwt(token, rules);
}

function checkJwt(token: string, rules: AuthRules): Account | Refusal {
	const [headerPart = '', claimsPart = '', signature = ''] = token.split('.');
	const header = decode(headerPart);
	const claims = decode(claimsPart);
	if (header?.['alg'] !== 'HS256' || claims === undefined) return refusal(1002);

	const account = rules.accounts.find(({ accessKey }) => accessKey === claims['iss']);
	if (account === undefined) return refusal(1002, 'access key not found');
	const expected = createHmac('sha256', account.secretKey)
		.update(`${headerPart}.${claimsPart}`)
		.digest('base64url');
	if (!same(expected, signature)) return refusal(1000, 'signature is invalid');

	const refused = checkTimes(claims['exp'], claims['nbf'], rules);
	return refused ?? account;
}

function checkTimes(exp: unknown, nbf: unknown, rules: AuthRules): Refusal | undefined {
	if (typeof exp !== 'number') return refusal(1002, 'exp is missing');
	if (nbf !== undefined && typeof nbf !== 'number') return refusal(1002, 'nbf is invalid');
	if (nbf !== undefined && nbf > rules.now) return refusal(1003);
	if (exp <= rules.now) return refusal(1004);
	const tooLong = rules.maxTokenSeconds > 0 && exp - rules.now > rules.maxTokenSeconds;
	return tooLong ? refusal(1002, 'token lives too long') : undefined;
}

function decode(part: string): Record<string, unknown> | undefined {
	const value = parseJson(Buffer.from(part, 'base64url').toString('utf8'));
	return isObject(value) ? value : undefined;
}

function same(expected: string, given: string): boolean {
	const [a, b] = [Buffer.from(expected), Buffer.from(given)];
	return a.length === b.length && timingSafeEqual(a, b);
}
