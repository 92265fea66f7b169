// The CPU time of this process, for tests of how costly a text is: wall time grows with whatever else the machine does.

/** @returns milliseconds since the process began */
export function cpuMs(): number {
	const { user, system } = process.cpuUsage();
	return (user + system) / 1000;
}
