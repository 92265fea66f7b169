// What the tests of polling share: the service model with tasks to wait for, and ports that count rounds.
import type { AwaitedTask, PollOutcome, PollPorts, Round } from '../../../nodes/Kling/waiting/poll';
import { multiImage, ServiceModel, type Row, type ServiceOptions } from './serviceModel';
import { seeded, VirtualClock } from './virtualClock';

export const MINUTE = 60_000;

export function stage(options: Partial<ServiceOptions> = {}) {
	const clock = new VirtualClock();
	const service = new ServiceModel({ clock, renderMs: 3 * MINUTE, ...options });
	const rounds: Round[] = [];
	const ports: PollPorts = {
		client: service,
		gateway: service.gateway,
		clock,
		random: seeded(1),
		onRound: (round) => rounds.push(round),
	};
	return { clock, service, ports, rounds };
}

export function make(service: ServiceModel, count: number, over: Partial<Row> = {}): Row[] {
	return Array.from({ length: count }, (_, index) => service.add({ key: `key-${index}`, ...over }));
}

export function awaited(rows: readonly Row[], deadline: number): AwaitedTask[] {
	return rows.map(({ id, key, createdAt }) => ({
		id,
		key,
		family: multiImage,
		deadline,
		lastKnown: {
			task: { id, status: 'submitted', videos: [], createdAt, updatedAt: createdAt },
			raw: {},
		},
	}));
}

export function running(id: string) {
	return { task: { id, status: 'processing' as const, videos: [] }, raw: {} };
}

export function kinds(outcomes: readonly PollOutcome[]): string[] {
	return outcomes.map(({ kind }) => kind);
}
