// Credentials: saving them, and testing them as the editor does.
import { z } from 'zod';
import type { RestSession } from './rest.mts';

export interface CredentialReference {
	id: string;
	name: string;
	type: string;
}

const saved = z.object({ id: z.coerce.string(), name: z.string() });
const verdict = z.object({ status: z.enum(['OK', 'Error']), message: z.string() });

/** The calls about credentials, in one session. */
export function credentialCalls(rest: RestSession) {
	return {
		async createCredential(
			name: string,
			type: string,
			data: Record<string, unknown>,
		): Promise<CredentialReference> {
			const body = { name, type, data };
			return {
				...(await rest.call(saved, { method: 'POST', path: '/rest/credentials', body })),
				type,
			};
		},

		/** Tests credential data as the editor does when it is saved. */
		async testCredential(
			credential: CredentialReference,
			data: Record<string, unknown>,
		): Promise<z.infer<typeof verdict>> {
			const body = { credentials: { ...credential, data } };
			return await rest.call(verdict, { method: 'POST', path: '/rest/credentials/test', body });
		},
	};
}
