// A small request, and what the package makes of it.
import { gateways } from '../../../nodes/Kling/api/gateways';
import { familyOf } from '../../../nodes/Kling/api/models';
import { toBody, type VideoRequest } from '../../../nodes/Kling/api/request';

const { klingGlobal } = gateways;

export function request(changes: Partial<VideoRequest> = {}): VideoRequest {
	return {
		model: 'kling-v1-6',
		images: ['https://example.com/1.jpg'],
		prompt: 'A dog',
		...changes,
	};
}

export function images(count: number): string[] {
	return Array.from({ length: count }, (_, index) => `https://example.com/${index}.png`);
}

export function bodyOf(
	changes: Partial<VideoRequest>,
	gateway = klingGlobal,
): Record<string, unknown> {
	const asked = request(changes);
	return JSON.parse(toBody(asked, familyOf(asked.model), gateway)) as Record<string, unknown>;
}
