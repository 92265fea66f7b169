// Loaded into an n8n process whose wait tracker is to look more often: shortens that one interval, nothing else of it.
// What the tracker takes (all that falls due within 70 s) and when it wakes an execution stay n8n's own code.

const OWN_MS = 60_000;
const wantedMs = Number(process.env.LAB_WAIT_TRACKER_MS);
const setAnyInterval = globalThis.setInterval;

globalThis.setInterval = function setInterval(callback, delayMs, ...rest) {
	// The stack names the source (.ts) where n8n has source maps on.
	const isTracker = delayMs === OWN_MS && /wait-tracker\.[jt]s/.test(new Error().stack ?? '');
	return setAnyInterval(callback, isTracker ? wantedMs : delayMs, ...rest);
};
