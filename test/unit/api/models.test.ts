// Models and their families.
import { gateways } from '../../../nodes/Kling/api/gateways';
import {
	families,
	familyOf,
	knownModels,
	modelRow,
	resolveModel,
	retirementHint,
} from '../../../nodes/Kling/api/models';

test.each([
	['kling-v1-6', 'multiImage'],
	['Kling-V1.6', 'multiImage'],
	['kling-v3', 'multiImage'],
	['kling-v3-omni', 'omni'],
	['kling-video-o1', 'omni'],
	['KLING-VIDEO-O3', 'omni'],
	['video-kling-v3-omni', 'omni'],
])('%j belongs to the family %s', (model, family) => {
	expect(familyOf(model)).toBe(families[family as keyof typeof families]);
	expect(modelRow(model).family).toBe(familyOf(model));
});

test('every known model is in the family that its name says', () => {
	for (const row of knownModels) {
		expect(familyOf(row.model)).toBe(row.family);
		expect(modelRow(row.model)).toBe(row);
	}
});

test('a model that is not in the table keeps its own name and may use what its family can', () => {
	expect(modelRow('Kling-V1.6')).toMatchObject({
		model: 'Kling-V1.6',
		durations: [5, 10],
		sound: false,
	});
	expect(modelRow('kling-v4-omni')).toMatchObject({
		model: 'kling-v4-omni',
		modes: ['std', 'pro', '4k'],
		sound: true,
	});
});

test('the retired model gets a hint at Kling itself, and nowhere else', () => {
	expect(retirementHint('kling-v1-6', gateways.klingGlobal)).toContain('kling-v3-omni');
	expect(retirementHint('kling-v1-6', gateways.klingChina)).toContain('kling-video-o1');
	expect(retirementHint('kling-v1-6', gateways.hingnet)).toBeUndefined();
	expect(retirementHint('kling-v3-omni', gateways.klingGlobal)).toBeUndefined();
});

describe('Automatic', () => {
	test.each(Object.values(gateways))('has a known model at $label', (gateway) => {
		const model = resolveModel('auto', gateway);
		expect(knownModels.map((row) => row.model)).toContain(model);
		expect(resolveModel('', gateway)).toBe(model);
		expect(resolveModel(' Auto ', gateway)).toBe(model);
		expect(retirementHint(model, gateway)).toBeUndefined();
	});

	test('is 3.0 Omni at Kling itself, and the model that the pages of the others name', () => {
		expect(gateways.klingGlobal.defaultModel).toBe('kling-v3-omni');
		expect(gateways.klingChina.defaultModel).toBe('kling-v3-omni');
		expect(gateways.hingnet.defaultModel).toBe('kling-v1-6');
	});

	test('leaves a picked model alone', () => {
		expect(resolveModel(' kling-v9 ', gateways.klingGlobal)).toBe('kling-v9');
	});
});
