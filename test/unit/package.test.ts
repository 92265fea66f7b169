// The root of the repository: what installs it on every platform, and what its commands are.
import { read } from './support/papers';

interface LockedPackage {
	version?: string;
	resolved?: string;
	optionalDependencies?: Record<string, string>;
}

const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, LockedPackage> };
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

describe('package-lock.json', () => {
	it('lists the optional packages of every platform, without which "npm ci" of npm 11 refuses it', () => {
		const names = new Set(
			Object.keys(lock.packages).map((place) => place.replace(/^.*node_modules\//, '')),
		);
		const missing = Object.values(lock.packages)
			.flatMap(({ optionalDependencies }) => Object.keys(optionalDependencies ?? {}))
			.filter((name) => !names.has(name));
		expect(missing).toEqual([]);
	});

	it('names no registry', () => {
		expect(Object.values(lock.packages).filter(({ resolved }) => resolved)).toEqual([]);
		expect(read('package-lock.json')).not.toMatch(/https?:\/\/[^"]*\.tgz/);
	});
});

describe('the commands', () => {
	it('are plain for people who have installed, and install by themselves only for people who try', () => {
		const installing = Object.keys(scripts).filter((name) =>
			scripts[name]?.includes('lab/run.mjs'),
		);
		expect(installing.sort()).toEqual(['bench', 'demo', 'emulator', 'probe', 'test', 'test:chaos']);
	});

	it('check with one command what npm test checks of the sources', () => {
		for (const part of ['format:check', 'lint', 'typecheck', 'test:unit']) {
			expect(scripts.check).toContain(`npm run ${part}`);
		}
		expect(read('lab/test.mts')).toContain("['prettier', '--check', '.']");
	});
});
