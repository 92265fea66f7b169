// The text from which an idempotency key is made: the same exactly where the same is paid for.
import fc from 'fast-check';

import { gateways } from '../../../nodes/Kling/api/gateways';
import { familyOf } from '../../../nodes/Kling/api/models';
import { fingerprintSource, toBody, type VideoRequest } from '../../../nodes/Kling/api/request';
import { images, request } from './asking';

const { klingGlobal } = gateways;
const sourceOf = (asked: VideoRequest) =>
	fingerprintSource(asked, familyOf(asked.model), klingGlobal);

describe('the source of a fingerprint', () => {
	test('does not change with the callback URL, the external id, or how a value is written', () => {
		const one = sourceOf(
			request({
				duration: 5,
				negativePrompt: '',
				callbackUrl: 'https://a.example.com',
				externalTaskId: 'x',
				additionalBodyFields: '{ "a": 1, "b": {"c": 2, "d": 3} }',
			}),
		);
		const same = request({
			duration: '5',
			additionalBodyFields: '{"b":{"d":3,"c":2},"a":1}',
		});
		expect(sourceOf(same)).toBe(one);
	});

	test('changes with everything that changes the video', () => {
		const omni = { model: 'kling-v3-omni', images: images(2), duration: 5 };
		const changes: Array<Partial<VideoRequest>> = [
			{},
			{ images: images(2) },
			{ images: images(2).reverse() },
			{ prompt: 'B' },
			{ negativePrompt: 'A dog' },
			{ mode: 'pro' },
			{ duration: 10 },
			{ aspectRatio: '1:1' },
			{ watermark: true },
			{ watermark: false },
			{ additionalBodyFields: '{"cfg_scale": 0.5}' },
			{ additionalBodyFields: '{"cfg_scale": "0.5"}' },
			omni,
			{ ...omni, nameImages: false },
			{ ...omni, sound: 'on' },
			{ ...omni, roles: ['first_frame'] },
			{ ...omni, roles: ['first_frame', 'end_frame'] },
			{ ...omni, shots: 'auto' },
			{ ...omni, shots: [{ prompt: 'A dog', seconds: 5 }] },
			{ ...omni, shots: [{ prompt: 'A cat', seconds: 5 }] },
		];
		const sources = changes.map((change) => sourceOf(request(change)));
		expect(new Set(sources).size).toBe(changes.length);
	});

	/** Any request, sense or nonsense: every parameter that there is. */
	const anyRequest = fc.record(
		{
			model: fc.constantFrom('kling-v1-6', 'kling-v3-omni', 'kling-video-o1', 'kling-v9'),
			images: fc.array(fc.constantFrom('https://x.example.com/1.png', 'QUJD', 'REVG'), {
				maxLength: 3,
			}),
			roles: fc.array(fc.constantFrom('reference', 'first_frame', 'end_frame'), { maxLength: 3 }),
			prompt: fc.constantFrom('A', '@1', 'B'),
			nameImages: fc.boolean(),
			negativePrompt: fc.constantFrom('', 'A', 'B'),
			mode: fc.constantFrom('', 'std', 'pro'),
			duration: fc.constantFrom('', '5', 5, 10),
			aspectRatio: fc.constantFrom('', '16:9', '1:1'),
			shots: fc.oneof(
				fc.constant<'auto'>('auto'),
				fc.array(fc.record({ prompt: fc.constantFrom('A', 'B'), seconds: fc.constantFrom(2, 3) }), {
					maxLength: 2,
				}),
			),
			watermark: fc.boolean(),
			sound: fc.constantFrom('', 'on', 'off'),
			callbackUrl: fc.constantFrom('', 'https://a.example.com', 'https://b.example.com'),
			externalTaskId: fc.constantFrom('', 'a', 'b'),
			additionalBodyFields: fc.constantFrom('', '{}', '{"a":1}', '{"a":"1"}', '{"b":{"c":[1]}}'),
		} satisfies Record<keyof VideoRequest, fc.Arbitrary<unknown>>,
		{ requiredKeys: ['model', 'images', 'prompt'] },
	) as fc.Arbitrary<VideoRequest>;

	/** What is sent, without the members that may differ from try to try. */
	function lasting(asked: VideoRequest): string {
		const {
			callback_url: _,
			external_task_id: __,
			...rest
		} = JSON.parse(toBody(asked, familyOf(asked.model), klingGlobal)) as Record<string, unknown>;
		return JSON.stringify(rest);
	}

	test('is the same for two requests exactly where the same is sent, but for key and callback', () => {
		fc.assert(
			fc.property(anyRequest, anyRequest, (one, other) => {
				expect(sourceOf(one) === sourceOf(other)).toBe(lasting(one) === lasting(other));
			}),
			{ numRuns: 500 },
		);
	});

	test('changes with any single parameter that changes what is sent', () => {
		fc.assert(
			fc.property(anyRequest, anyRequest, (one, other) => {
				for (const name of Object.keys(other) as Array<keyof VideoRequest>) {
					const changed = { ...one, [name]: other[name] };
					const isSame = lasting(one) === lasting(changed);
					expect([name, sourceOf(changed) === sourceOf(one)]).toEqual([name, isSame]);
				}
			}),
			{ numRuns: 500 },
		);
	});

	test('is never the same for two different prompts', () => {
		fc.assert(
			fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (a, b, c, d) => {
				const same = a === c && b === d;
				const equal =
					sourceOf(request({ prompt: a, negativePrompt: b })) ===
					sourceOf(request({ prompt: c, negativePrompt: d }));
				expect(equal).toBe(same);
			}),
		);
	});
});
