// The keys that the emulator takes where none are given; they open nothing else.
import type { Account } from './service/auth.mts';

export const DEMO_ACCOUNT: Account = {
	name: 'main',
	apiKey: 'api-key-kling-emulator',
	accessKey: 'emulator-access-key',
	secretKey: 'emulator-secret-key-0123456789abcdef',
};
