// Signs callbacks as the official page tells: Standard Webhooks, several signatures during a rotation.
import { createHmac, randomUUID } from 'node:crypto';

export interface SignOptions {
	/** `whsec_…`, each adding one signature. */
	readonly secrets: readonly string[];
	/** Unix seconds. */
	readonly timestamp: number;
	/** Makes every signature wrong. */
	readonly spoil?: boolean;
	readonly id?: string;
}

/** The headers `webhook-id`, `webhook-timestamp` and `webhook-signature`; none without a secret. */
export function signatureHeaders(body: string, options: SignOptions): Record<string, string> {
	if (options.secrets.length === 0) return {};
	const id = options.id ?? randomUUID();
	const content = `${id}.${options.timestamp}.${options.spoil ? `${body} ` : body}`;
	const signatures = options.secrets.map((secret) => `v1,${sign(secret, content)}`);
	return {
		'webhook-id': id,
		'webhook-timestamp': String(options.timestamp),
		'webhook-signature': signatures.join(' '),
	};
}

function sign(secret: string, content: string): string {
	const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
	return createHmac('sha256', key).update(content).digest('base64');
}
