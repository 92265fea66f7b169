// The client that users run, from the built package: the probe tries the same code against a real service.
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import type * as ClientModule from '../../nodes/Kling/api/client.ts';
import type * as GatewaysModule from '../../nodes/Kling/api/gateways.ts';
import type * as ModelsModule from '../../nodes/Kling/api/models.ts';
import type * as RequestModule from '../../nodes/Kling/api/request.ts';
import type * as ServiceModule from '../../nodes/Kling/api/service.ts';
import { exists } from '../instance/cache.mjs';
import { run } from '../instance/process.mts';

const REPOSITORY = resolve(import.meta.dirname, '..', '..');
const BUILT = join(REPOSITORY, 'dist', 'nodes', 'Kling', 'api');

export interface Built {
	createClient: typeof ClientModule.createClient;
	gateways: typeof GatewaysModule.gateways;
	resolveService: typeof ServiceModule.resolveService;
	families: typeof ModelsModule.families;
	modelRow: typeof ModelsModule.modelRow;
	toBody: typeof RequestModule.toBody;
}

/** Loads the built client; builds the package first where it has not been built. */
export async function loadBuilt(): Promise<Built> {
	if (!(await exists(join(BUILT, 'client.js')))) {
		const gulp = join(REPOSITORY, 'node_modules', 'gulp', 'bin', 'gulp.js');
		await run(process.execPath, [gulp, 'build'], { cwd: REPOSITORY });
	}
	const load = createRequire(import.meta.url);
	const { createClient } = load(join(BUILT, 'client.js')) as typeof ClientModule;
	const { gateways } = load(join(BUILT, 'gateways.js')) as typeof GatewaysModule;
	const { resolveService } = load(join(BUILT, 'service.js')) as typeof ServiceModule;
	const { families, modelRow } = load(join(BUILT, 'models.js')) as typeof ModelsModule;
	const { toBody } = load(join(BUILT, 'request.js')) as typeof RequestModule;
	return { createClient, gateways, resolveService, families, modelRow, toBody };
}
