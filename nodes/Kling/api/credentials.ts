// The fields of the `klingApi` credential, read at the border.
import { z } from 'zod';
import { KlingApiError } from './errors/error';
import { providerNames, type ProviderName } from './gateways';

const text = z
	.string()
	.nullish()
	.transform((value) => value ?? '');

/** Fields that n8n did not store (hidden ones, older credentials) take their defaults. */
const credentialsSchema = z.object({
	provider: z.custom<ProviderName>((value) => providerNames.some((name) => name === value)),
	baseUrl: text,
	authType: z.enum(['apiKey', 'accessKey']).catch('apiKey'),
	apiKey: text,
	accessKey: text,
	secretKey: text,
	authScheme: z.enum(['Bearer', 'none']).catch('Bearer'),
	modelField: z.enum(['model_name', 'model']).catch('model_name'),
	callbackSecret: text,
	callbackToken: text,
});

export type KlingCredentials = z.infer<typeof credentialsSchema>;

/**
 * Reads a decrypted `klingApi` credential.
 *
 * @throws {KlingApiError} category `input` when it is not one, or names a provider that is not in the table
 */
export function readCredentials(credentials: unknown): KlingCredentials {
	const read = credentialsSchema.safeParse(credentials);
	if (read.success) return read.data;
	const fields = read.error.issues.map((issue) => issue.path.join('.')).join(', ');
	throw new KlingApiError({
		category: 'input',
		sendAgain: 'never',
		message: `The Kling API credential cannot be read (${fields || 'no fields'})`,
		description: "Open the credential, choose a 'Provider' and save it again",
	});
}
