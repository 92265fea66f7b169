// Tells from its first bytes what was sent in place of a video, for the message.

/** What the first bytes look like when they are no MP4. */
export type Lookalike = 'nothing' | 'html' | 'xml' | 'json' | 'text' | 'unknown';

/** @param head the first bytes, a few dozen are enough */
export function lookalike(head: Uint8Array): Lookalike {
	if (head.length === 0) return 'nothing';
	const text = String.fromCharCode(...head)
		.replace(/^\xef\xbb\xbf/, '')
		.trimStart()
		.toLowerCase();
	if (text.startsWith('<!doctype html') || text.startsWith('<html')) return 'html';
	if (text.startsWith('<')) return 'xml';
	if (text.startsWith('{') || text.startsWith('[')) return 'json';
	return /^[\x09\x0a\x0d\x20-\x7e]*$/.test(text) ? 'text' : 'unknown';
}
