// Guard rails: what the papers say of forms, models, gateways, files and commands is so.
import type { INodeProperties } from 'n8n-workflow';

import { gateways, type Gateway } from '../../nodes/Kling/api/gateways';
import { families, knownModels } from '../../nodes/Kling/api/models';
import { schemaOf } from './support/outputSchema';
import {
	anchorOf,
	anchorsOf,
	boldIn,
	filesIn,
	isThere,
	italicsIn,
	linksOf,
	papers,
	read,
	repository,
	rowsUnder,
} from './support/papers';
import { allFields, allOptions, credential } from './support/visibleText';

const readme = read('README.md');
/** The pages that explain the product to its users, the README first. */
const pages = [
	'README.md',
	...[
		'credentials',
		'operations',
		'paid-once',
		'waiting',
		'trigger',
		'queue-mode',
		'troubleshooting',
	].map((page) => `docs/${page}.md`),
];
const manual = pages.map(read).join('\n\n');

describe('the manual', () => {
	const fieldRows = ['Field', 'Option', 'Additional field'].flatMap((heading) =>
		rowsUnder(manual, heading),
	);
	const documented = new Set([
		...fieldRows.flatMap(([first = '']) => boldIn(first)),
		...rowsUnder(manual, 'Field').flatMap((row) => boldIn(row[1] ?? '')),
	]);
	/** Headers of groups, and what stands in the README as a chapter of its own. */
	const groups = new Set(['Resource', 'Operation', 'Options', 'Additional Fields', 'Filters']);

	it('names only fields that the forms have', () => {
		const known = new Set(allFields().map(({ field }) => field.displayName));
		expect([...documented].filter((label) => !known.has(label))).toEqual([]);
	});

	it('explains every field of every form', () => {
		const missing = allFields()
			.filter(({ field }) => field.type !== 'notice' && !groups.has(field.displayName))
			.filter(({ field }) => !documented.has(field.displayName))
			.map(({ path: where }) => where);
		expect(missing).toEqual([]);
	});

	it('has a chapter for every operation, and a row in the README', () => {
		const operations = allOptions().filter(
			({ path: where, action }) => action !== undefined && where.includes('› Operation ›'),
		);
		expect(operations.length).toBeGreaterThan(0);
		const anchors = anchorsOf(manual);
		for (const { name } of operations) expect(anchors).toContain(anchorOf(name));
		const inReadme = rowsUnder(readme, 'Operation').map(([first = '']) => first);
		for (const { name } of operations)
			expect(inReadme).toContainEqual(expect.stringContaining(`[${name}]`));
	});

	it('gives the defaults that the form has', () => {
		const options = optionsOf('submit');
		for (const [label = '', , snapshot = ''] of rowsUnder(manual, 'Option')) {
			const field = options.find(({ displayName }) => displayName === boldIn(label)[0]);
			expect([label, snapshot.replace(/`/g, '')]).toEqual([label, defaultInWords(field)]);
		}
	});

	it('lists the models with their limits', () => {
		const rows = rowsUnder(manual, 'Model').map(([model = '', images, seconds, mode]) => [
			/`([^`]+)`/.exec(model)?.[1],
			images,
			seconds,
			mode,
		]);
		expect(rows).toEqual(
			[...knownModels]
				.sort(
					(a, b) =>
						a.family.maxImages - b.family.maxImages || a.durations.length - b.durations.length,
				)
				.map(({ model, family, durations, modes }) => [
					model,
					`1–${family.maxImages}`,
					durations.length > 2
						? `${durations[0]}–${durations[durations.length - 1]}`
						: durations.join(', '),
					modes.join(', '),
				]),
		);
	});

	it('lists the providers with their addresses, and what each can do', () => {
		const addresses = new Map(
			rowsUnder(manual, 'Provider').map(([label, address]) => [label, address]),
		);
		for (const { label, baseUrl, provider } of Object.values(gateways)) {
			if (provider === 'custom') continue;
			expect([label, addresses.get(label)]).toEqual([
				label,
				`\`${baseUrl.replace('https://', '')}\``,
			]);
		}
		const abilities = new Map(
			rowsUnder(manual, 'Service').map(([label = '', ...can]) => [label, can]),
		);
		for (const { label, listRoute, externalIdLookUp, drops, official } of Object.values(gateways)) {
			const row =
				abilities.get(official ? 'Kling AI (Global, China)' : label) ??
				abilities.get('CometAPI, Custom');
			const words = { known: 'yes', trusted: 'yes', try: 'tried', none: 'no' };
			const dropped = drops.map((field) => field.replace('_info', '').replace('_', ' ')).sort();
			expect([label, row?.[0], row?.[1]]).toEqual([
				label,
				words[listRoute],
				words[externalIdLookUp],
			]);
			if (listRoute !== 'try')
				expect([label, row?.[2]]).toEqual([label, dropped.join(', ') || '–']);
		}
	});

	it('names every provider wherever it names them all', () => {
		const places: Record<string, (gateway: Gateway) => string> = {
			'README.md': ({ label }) => label,
			'docs/zh-CN.md': ({ label, baseUrl }) =>
				`| ${label} | \`${baseUrl.replace('https://', '')}\` |`,
			'.github/ISSUE_TEMPLATE/bug.yml': ({ label }) => label,
			'lab/front/hosts.mts': ({ baseUrl }) => `'${new URL(baseUrl).host}'`,
			'lab/demo/main.mts': ({ provider }) => provider,
			'lab/demo/service.mts': ({ provider }) => `'${provider}'`,
			'lab/probe/main.mts': ({ provider }) => provider,
			'test/front/presets.test.mts': ({ provider }) => `${provider}: '`,
			'test/probe/probe.test.mts': ({ provider }) => `provider: '${provider}'`,
			'test/e2e/stage.mts': ({ provider }) => `'${provider}'`,
		};
		const resellers = Object.values(gateways).filter(
			({ official, provider }) => !official && provider !== 'custom',
		);
		const missing = Object.entries(places).flatMap(([paper, words]) =>
			resellers
				.filter((gateway) => !read(paper).includes(words(gateway)))
				.map(({ label }) => `${label} in ${paper}`),
		);
		expect(missing).toEqual([]);
		const [automatic = ''] = /^\*Automatic\* \(the default\).*$/m.exec(manual) ?? [];
		for (const { label } of resellers) expect(automatic).toContain(label);
		const [noList = ''] = /^.* no list: keep the `task_id`.*$/m.exec(manual) ?? [];
		for (const { label, listRoute } of resellers)
			expect([label, noList.includes(label)]).toEqual([label, listRoute === 'none']);
	});

	it('names every output field and no other', () => {
		const named = rowsUnder(manual, 'Field')
			.map(([first = '']) => [...first.matchAll(/`([a-z_]+)`/g)].map(([, name]) => name))
			.flat();
		expect(new Set(named)).toEqual(new Set(Object.keys(schemaOf('task/submit').properties)));
	});

	it('names every example, and only those', () => {
		const named = linksOf(readme).flatMap(
			({ target }) => /\/examples\/([^/]+\.json)$/.exec(target)?.[1] ?? [],
		);
		expect(named.sort()).toEqual(
			filesIn('examples')
				.flatMap((file) => /^examples\/([^/]+\.json)$/.exec(file)?.[1] ?? [])
				.sort(),
		);
	});

	it('puts a first video, and nothing but what it needs, into the first screens of the README', () => {
		const lines = readme.split('\n');
		const firstVideo = lines.findIndex((line) => line === '## Your first video');
		expect(firstVideo).toBeGreaterThan(0);
		expect(firstVideo).toBeLessThan(40);
		expect(lines.length).toBeLessThan(150);
	});

	it('links every page from the README', () => {
		const linked = linksOf(readme).map(({ target }) => target);
		const missing = pages
			.slice(1)
			.filter(
				(page) => !linked.some((target) => target.startsWith(`${repository}/blob/main/${page}`)),
			);
		expect(missing).toEqual([]);
	});

	it('has the pages that nodes and credential point to', () => {
		const code = [...filesIn('nodes'), ...filesIn('credentials')].map(read).join('\n');
		const pointed = [
			...code.matchAll(/https:\/\/github\.com\/n8n-nodes-kling-video\/[^\s'"]+/g),
		].map(([url]) => url);
		expect(pointed).toContain(`${repository}/blob/main/docs/trigger.md`);
		expect(pointed.filter((url) => !isThere('README.md', url))).toEqual([]);
		expect(credential.documentationUrl).toBe(`${repository}/blob/main/docs/credentials.md`);
	});

	it('uses absolute links, so that they work on npm', () => {
		const relative = linksOf(readme).filter(({ target }) => !/^(https:|#)/.test(target));
		expect(relative).toEqual([]);
	});
});

describe('the papers', () => {
	it('link only to files and headings that exist', () => {
		const broken = papers
			.filter((paper) => paper.endsWith('.md'))
			.flatMap((paper) => linksOf(read(paper)).map(({ target }) => ({ paper, target })))
			.filter(({ paper, target }) => !isThere(paper, target));
		expect(broken).toEqual([]);
	});

	it('give every picture a text', () => {
		for (const paper of papers.filter((file) => file.endsWith('.md'))) {
			for (const { text, isImage } of linksOf(read(paper))) {
				if (isImage) expect(text.length).toBeGreaterThan(20);
			}
		}
	});

	it('name only commands that package.json has', () => {
		const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
		const named = papers.flatMap((paper) =>
			[...read(paper).matchAll(/npm run ([\w:]+)/g)].map(([, script]) => script ?? ''),
		);
		expect(named).toContain('demo');
		expect(named.filter((script) => scripts[script] === undefined)).toEqual([]);
	});

	it('name the suites that npm test has', () => {
		const suites = [...read('lab/test.mts').matchAll(/\{\s*name: '(\w+)'/g)].map(
			([, name]) => name,
		);
		const named = rowsUnder(read('CONTRIBUTING.md'), 'Suite').flatMap(([first = '']) =>
			first.split(', '),
		);
		expect(suites.length).toBeGreaterThan(5);
		expect(named.sort()).toEqual(suites.sort());
	});

	it('name only source files that are there', () => {
		const files = ['nodes', 'credentials', 'lab', 'test', '.github'].flatMap(filesIn);
		files.push('gulpfile.js', 'eslint.config.mjs', 'package.json');
		const named = ['CONTRIBUTING.md', 'docs/verification.md'].flatMap((paper) =>
			[...read(paper).matchAll(/`([\w./-]+\.(?:ts|mts|js|mjs|yml|json))`/g)].map(
				([, file]) => file ?? '',
			),
		);
		expect(named.length).toBeGreaterThan(10);
		expect(named.filter((name) => !files.some((file) => `/${file}`.endsWith(`/${name}`)))).toEqual(
			[],
		);
	});

	it('name only variables that something reads', () => {
		const lab = filesIn('lab')
			.filter((file) => /\.m[tj]s$/.test(file))
			.map(read)
			.join('\n');
		const named = [...new Set(readme.match(/\bKLING_[A-Z_]+/g) ?? [])];
		expect(named.filter((variable) => !lab.includes(variable))).toEqual([]);
	});

	it('set in italics only what stands on a screen', () => {
		const labels = new Set([
			...allFields().map(({ field }) => field.displayName),
			...allOptions().flatMap(({ name, action }) => [
				name,
				...(action === undefined ? [] : [action]),
			]),
			...Object.values(families).map(({ label }) => label),
			...N8N_WORDS,
		]);
		const strangers = [...pages, 'docs/zh-CN.md'].flatMap((paper) =>
			italicsIn(read(paper)).filter((label) => !labels.has(label)),
		);
		expect(strangers).toEqual([]);
	});

	it('hold no key, no token and no path of the machine they were written on', () => {
		const secret =
			/api-key-kling-\w|\bsk-[A-Za-z0-9]{16}|whsec_[A-Za-z0-9+/]{8}|\beyJ[\w-]{10,}\.|Bearer [\w.-]{20}|AKIA[A-Z0-9]{12}/;
		const machine = /(?<![\w.])\/(?:work|root|tmp|mnt|Users|private)\/|\/home\/(?!node\/)/;
		for (const paper of papers.filter((file) => !file.startsWith('.github'))) {
			expect([paper, secret.exec(read(paper))?.[0]]).toEqual([paper, undefined]);
			expect([paper, machine.exec(read(paper))?.[0]]).toEqual([paper, undefined]);
		}
	});
});

/** n8n's own words in the papers: its menus, buttons and node settings. */
const N8N_WORDS = [
	'Settings',
	'Community nodes',
	'Install',
	'Import from file…',
	'Execute step',
	'Save',
	'Connect to Kling',
	'Wait',
	'Retry On Fail',
	'Retry',
	'On Error',
	'Stop',
	'Continue',
	'GitHub',
	'Dispatch and Wait',
	'Additional Fields',
	'Options',
	'Filters',
];

function optionsOf(operation: string): INodeProperties[] {
	const group = allFields().find(
		({ field }) =>
			field.name === 'options' &&
			field.displayOptions?.show?.operation?.includes(operation) === true,
	);
	return (group?.field.options ?? []).filter(
		(option): option is INodeProperties => 'type' in option,
	);
}

/** As the README's column says it: "off", a number, or the first words of the chosen option. */
function defaultInWords(field: INodeProperties | undefined): string | undefined {
	if (typeof field?.default === 'boolean') return field.default ? 'on' : 'off';
	const chosen = field?.options?.find(
		(option) => 'value' in option && option.value === field.default,
	);
	return chosen?.name ?? (field === undefined ? undefined : String(field.default));
}
