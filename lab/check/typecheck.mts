// Type-checks everything: what ships, what tests it, and the lab.
import { execa } from 'execa';

const projects = ['tsconfig.json', 'tsconfig.test.json', 'tsconfig.lab.json'];
let failed = 0;
for (const project of projects) {
	const { exitCode } = await execa('tsc', ['--noEmit', '--project', project], {
		preferLocal: true,
		stdio: 'inherit',
		reject: false,
	});
	console.log(`${project}: ${exitCode === 0 ? 'clean' : 'not clean'}`);
	if (exitCode !== 0) failed++;
}
process.exitCode = failed === 0 ? 0 : 1;
