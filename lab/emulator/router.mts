// Finds out which dialect and operation a path means.
import type { CallKind, Dialect } from './dialects/dialect.mts';
import { dialects } from './dialects/table.mts';
import { familyOf, type Family } from './service/families.mts';

export interface CollectionRoute {
	readonly dialect: Dialect;
	readonly call: 'create' | 'list';
	readonly family: Family;
}

export interface GetRoute {
	readonly dialect: Dialect;
	readonly call: 'get';
	readonly family: Family;
	readonly id: string;
}

/** `GET /v1/videos/{id}` of the new-api software: the OpenAI video. */
export interface OpenAiVideoRoute {
	readonly dialect: Dialect;
	readonly call: 'openAiVideo';
	readonly id: string;
}

export interface NoRoute {
	readonly dialect: Dialect;
	readonly call: 'none';
}

export type Route = CollectionRoute | GetRoute | OpenAiVideoRoute | NoRoute;

/** The route of a request, or undefined where no dialect stands at that path. */
export function routeOf(method: string, pathname: string): Route | undefined {
	const dialect = dialects.find(({ name }) => pathname.startsWith(`/${name}/`));
	if (dialect === undefined) return undefined;
	const bare = new RegExp(`^/${dialect.name}/v1/videos/([^/]+)$`).exec(pathname);
	if (bare?.[1] !== undefined && method === 'GET' && dialect.name === 'ezmodel') {
		return { dialect, call: 'openAiVideo', id: decode(bare[1]) };
	}
	const prefix = `${dialect.basePath}/v1/videos/`;
	const [piece = '', id, ...more] = pathname.startsWith(prefix)
		? pathname.slice(prefix.length).split('/')
		: [];
	const family = familyOf(piece);
	if (family === undefined || more.length > 0) return { dialect, call: 'none' };
	if (method === 'POST' && id === undefined) return { dialect, call: 'create', family };
	if (method !== 'GET') return { dialect, call: 'none' };
	if (id !== undefined && id !== '') return { dialect, call: 'get', family, id: decode(id) };
	return dialect.hasList ? { dialect, call: 'list', family } : { dialect, call: 'none' };
}

/** The kind under which a route is counted. */
export function kindOf(route: Route): CallKind {
	if (route.call === 'openAiVideo') return 'get';
	return route.call === 'none' ? 'other' : route.call;
}

function decode(piece: string): string {
	try {
		return decodeURIComponent(piece);
	} catch {
		return piece;
	}
}
