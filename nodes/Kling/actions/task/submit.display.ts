// When Submit shows a field: always, or by the family of the model that is picked.
import type { IDisplayOptions } from 'n8n-workflow';

const SUBMIT = { resource: ['task'], operation: ['submit'] };

/**
 * The omni family by the names of its models, free text included. Never by a regular expression:
 * n8n gives one 250 ms, and on a busy machine a run, or a resumed execution, dies of it.
 */
export const OMNI_V3 = [{ _cnd: { includes: 'omni' } }];
export const OMNI_O1 = [...'123456789'].map((digit) => ({ _cnd: { includes: `video-o${digit}` } }));
export const OMNI = [...OMNI_V3, ...OMNI_O1];

/** Stands before every look at the model's name: without one, n8n 1 breaks on `includes`. */
export const OF_SUBMIT = { '/operation': ['submit'] };

export const show = (more: IDisplayOptions['show'] = {}): IDisplayOptions => ({
	show: { ...SUBMIT, ...more },
});

/** @param models conditions on the name of the model */
export const hideFor = (models: typeof OMNI): IDisplayOptions => ({
	show: SUBMIT,
	hide: { model: models },
});
