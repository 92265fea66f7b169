// The table of dialects, for the router and for tests that go through all of them.
import type { Dialect } from './dialect.mts';
import { ezmodel } from './ezmodel.mts';
import { hingnet } from './hingnet.mts';
import { official } from './official.mts';

export const dialects: readonly Dialect[] = [official, hingnet, ezmodel];
