// The state of a sleeping execution: it is read back as it was written, and tells what a call is worth.
import { judgeResume, readParked } from '../../../nodes/Kling/waiting/parked';
import { ended, progress, stage } from '../support/sleeping';

describe('the parked state', () => {
	it('reads back as it was written', () => {
		const { state } = stage(2);
		expect(readParked(JSON.parse(JSON.stringify(state)))).toEqual(state);
	});

	it.each([undefined, null, 'x', {}, { version: 2, items: [] }, { version: 1, items: [{}] }])(
		'that another version wrote is none: %j',
		(content) => {
			expect(readParked(content)).toBeUndefined();
		},
	);

	it('is judged by what a call claims', () => {
		const { state } = stage(2);
		expect(judgeResume(state, progress, state.parkedAt)).toEqual({ do: 'ignore' });
		expect(judgeResume(state, ended('task-2'), state.parkedAt)).toMatchObject({
			do: 'askApi',
			first: { item: 1 },
		});
		expect(judgeResume(state, ended('task-9'), state.parkedAt)).toEqual({
			do: 'askApi',
			first: undefined,
		});
		expect(judgeResume(state, ended('task-2'), state.deadline)).toEqual({ do: 'leaveToTimer' });
	});
});
