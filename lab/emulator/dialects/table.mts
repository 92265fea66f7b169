// The table of dialects, for the router and for tests that go through all of them.
import type { Dialect } from './dialect.mts';
import { ezmodel } from './ezmodel.mts';
import { hingnet } from './hingnet.mts';
import { anyfast, crazyrouter, newapiDocs, relay } from './newApiRelatives.mts';
import { official } from './official.mts';
import { cometapi, duomi, ezlinkai } from './passthrough.mts';

/**
 * Every dialect. A test reads from it `basePath` (after the emulator's origin this is the Base URL
 * that a user enters), `authScheme`, `modelField`, `hasList`, `hasExternalLookup` and `drops`.
 */
export const dialects: readonly Dialect[] = [
	official,
	hingnet,
	ezmodel,
	cometapi,
	anyfast,
	crazyrouter,
	newapiDocs,
	duomi,
	ezlinkai,
	relay,
];
