// The types of cache.mjs, which stays plain JavaScript so that Node 20 can run it.
export function exists(path: string): Promise<boolean>;
export function cacheFolder(): string;
export function withLock<T>(path: string, work: () => Promise<T>, onWait?: () => void): Promise<T>;
