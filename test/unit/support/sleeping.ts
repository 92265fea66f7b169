// What the tests of sleeping executions share: one that sleeps for tasks of the service model, and calls to it.
import { ResumeGuard, type Resume, type ResumePorts } from '../../../nodes/Kling/waiting/park';
import type { ParkedState, ResumeHint } from '../../../nodes/Kling/waiting/parked';
import { ServiceModel, type Row, type ServiceOptions } from './serviceModel';
import { VirtualClock } from './virtualClock';

export const MINUTE = 60_000;

export function stage(count: number, options: Partial<ServiceOptions> = {}) {
	const clock = new VirtualClock();
	const service = new ServiceModel({ clock, ...options });
	const rows = Array.from({ length: count }, (_, index) =>
		service.add({ key: `key-${index}`, endsAt: clock.now() + (index + 1) * MINUTE }),
	);
	const state = parked(rows, clock.now());
	const ports: ResumePorts = {
		client: service,
		gateway: service.gateway,
		clock,
		log: () => undefined,
	};
	const guard = new ResumeGuard();
	const call = (hint: ResumeHint): Promise<Resume> => guard.answer('7', state, hint, ports);
	return { clock, service, rows, state, ports, guard, call };
}

function parked(rows: readonly Row[], now: number): ParkedState {
	return {
		version: 1,
		parkedAt: now,
		deadline: now + 30 * MINUTE,
		maxWaitMinutes: 30,
		items: rows.map(({ id, key }, item) => ({
			item,
			family: 'multiImage',
			id,
			key,
			lastKnown: { task: { id, status: 'submitted', videos: [], updatedAt: now }, raw: {} },
			options: {
				downloadVideo: false,
				outputFieldName: 'data',
				simplify: true,
				watermark: false,
				onTimeout: 'error',
			},
		})),
	};
}

export const ended = (id: string): ResumeHint => ({ kind: 'task', id, status: 'succeed' });
export const progress: ResumeHint = { kind: 'task', id: 'task-1', status: 'processing' };
export const waiting = { resume: false, answer: { status: 200, body: 'still waiting' } };
export const later = { resume: false, answer: { status: 503 } };
