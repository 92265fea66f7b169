// `gulp build` makes the dist/ that `npm pack` ships and checks what would be packed; `gulp dev` makes it again at each change.
const { execFileSync, spawn } = require('node:child_process');
const { existsSync, readFileSync, rmSync } = require('node:fs');
const path = require('node:path');
const { dest, parallel, series, src, watch } = require('gulp');

const DIST = 'dist';
const ICONS = 'icons/*.svg';
const CODEX = 'nodes/**/*.node.json';
const SCHEMAS = 'nodes/**/__schema__/**/*.json';
/** The tarball stays below this many bytes (JSON2Video, the closest relative, has 115 kB). */
const MAX_PACKED_BYTES = 130_000;

function clean(done) {
	rmSync(DIST, { recursive: true, force: true });
	done();
}

const tsc = () => [require.resolve('typescript/bin/tsc'), '--project', 'tsconfig.json'];

function compile(done) {
	execFileSync(process.execPath, tsc(), { stdio: 'inherit' });
	done();
}

/** Runs until it is stopped. */
function watchAll() {
	watch(ICONS, icons);
	watch(CODEX, codex);
	watch(SCHEMAS, schemas);
	return spawn(process.execPath, [...tsc(), '--watch', '--preserveWatchOutput'], {
		stdio: 'inherit',
	});
}

function icons() {
	return src(ICONS).pipe(dest(`${DIST}/icons`));
}

function codex() {
	return src(CODEX, { base: '.' }).pipe(dest(DIST));
}

function schemas() {
	return src(SCHEMAS, { base: '.', allowEmpty: true }).pipe(dest(DIST));
}

/** Everything that package.json promises is there, and nothing else is packed. */
function packCheck(done) {
	const { n8n } = JSON.parse(readFileSync('package.json', 'utf8'));
	const missing = [...n8n.nodes, ...n8n.credentials].filter((file) => !existsSync(file));
	if (missing.length > 0) return done(new Error(`dist/ lacks ${missing.join(', ')}`));

	const [report] = JSON.parse(npm(['pack', '--dry-run', '--json', '--ignore-scripts']));
	const strangers = report.files
		.map((file) => file.path)
		.filter(
			(file) =>
				!/^(dist\/(nodes|credentials|icons)\/|package\.json$|README\.md$|LICENSE$|CHANGELOG\.md$)/.test(
					file,
				),
		);
	if (strangers.length > 0) return done(new Error(`npm pack would ship ${strangers.join(', ')}`));
	if (report.size > MAX_PACKED_BYTES) {
		return done(
			new Error(`the tarball has ${report.size} bytes, at most ${MAX_PACKED_BYTES} are allowed`),
		);
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
const assets = parallel(icons, codex, schemas);
exports.build = series(clean, compile, assets, packCheck);
exports.dev = series(clean, assets, watchAll);
exports.default = exports.build;
