// Images named in a prompt for the omni models.
import fc from 'fast-check';

import { promptReferences } from '../../../nodes/Kling/api/request';

describe('a reference', () => {
	test.each<[string, string]>([
		['@1', '<<<image_1>>>'],
		['@1 and @2.', '<<<image_1>>> and <<<image_2>>>.'],
		['(@3)', '(<<<image_3>>>)'],
		["@1's hat", "<<<image_1>>>'s hat"],
		['@1,@2', '<<<image_1>>>,<<<image_2>>>'],
		['让@1走向@2', '让<<<image_1>>>走向<<<image_2>>>'],
		['@1走', '<<<image_1>>>走'],
		['"@1"', '"<<<image_1>>>"'],
		['<<<image_1>>> and @2', '<<<image_1>>> and <<<image_2>>>'],
	])('%j is sent as %j', (typed, sent) => {
		expect(promptReferences(typed, 3).prompt).toBe(sent);
	});

	test.each([
		'me@1',
		'me@163.com',
		'a.b@2.org',
		'@1st',
		'@2024',
		'é@1',
		'@163.com',
		'@@1@',
		'@one',
		'@',
		'image_1',
		'@1@2.com',
	])('%j holds none', (text) => {
		expect(promptReferences(text, 3)).toMatchObject({ prompt: text, named: [] });
	});

	test('to an image that is not there is left as it is, and told', () => {
		expect(promptReferences('@0 @4 @7 <<<image_9>>> @1', 3)).toEqual({
			prompt: '@0 @4 @7 <<<image_9>>> <<<image_1>>>',
			named: [1],
			unnamed: [2, 3],
			outOfRange: [0, 4, 7, 9],
		});
	});

	test('in either form names an image; the others are told', () => {
		expect(promptReferences('@2 <<<image_3>>> @2', 4)).toMatchObject({
			named: [2, 3],
			unnamed: [1, 4],
			outOfRange: [],
		});
	});

	test('once turned is not turned again', () => {
		fc.assert(
			fc.property(
				fc.array(fc.constantFrom('@1', '@2', '@9', ' ', 'a', '让', '.', '<<<image_1>>>')),
				fc.nat(7),
				(parts, count) => {
					const once = promptReferences(parts.join(''), count);
					const twice = promptReferences(once.prompt, count);
					expect(twice).toEqual(once);
					expect([...once.named, ...once.unnamed].sort()).toEqual(
						Array.from({ length: count }, (_, i) => i + 1),
					);
				},
			),
		);
	});
});
