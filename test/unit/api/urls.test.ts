// URLs that the service is to open: what is refused, and what gets a hint.
import { callbackUrlIssue, imageUrlIssue } from '../../../nodes/Kling/api/urls';

describe('an image URL', () => {
	test.each([
		'https://example.com/a.jpg',
		'http://example.com/a?x=1&y=2#z',
		'https://8.8.8.8/a.png',
		'https://172.15.0.1/a.png',
		'https://例子.example.com/图.png',
		' https://example.com/a.jpg ',
		'https://[2001:db8::1]/a.png',
		'https://example.com/with%20blank.png',
	])('%j is fine', (url) => {
		expect(imageUrlIssue(url)).toBeUndefined();
	});

	test.each([
		'',
		'  ',
		'example.com/a.jpg',
		'ftp://example.com/a.jpg',
		'data:image/png;base64,AAAA',
		'https://',
		'https:///a.jpg',
		'https:example.com',
		'file:///a.jpg',
		'https://example.com/a b.jpg',
		'/a.jpg',
		'https://exa<mple.com',
	])('%j is refused', (url) => {
		expect(imageUrlIssue(url)?.kind).toBe('refuse');
	});

	test.each([
		'http://localhost/a.jpg',
		'http://127.0.0.1:5678/a.jpg',
		'http://10.1.2.3/a.jpg',
		'http://172.16.0.1/a.jpg',
		'http://192.168.1.2/a.jpg',
		'http://169.254.169.254/latest',
		'http://100.64.0.1/a.jpg',
		'http://0.0.0.0/a.jpg',
		'http://2130706433/a.jpg',
		'http://[::1]/a.jpg',
		'http://[fd00::1]/a.jpg',
		'http://[fe80::1]/a.jpg',
		'http://[::ffff:10.0.0.1]/a.jpg',
		'http://nas/a.jpg',
		'http://nas.local/a.jpg',
		'http://files.internal./a.jpg',
		'https://user:secret@example.com/a.jpg',
	])('%j gets a hint', (url) => {
		const issue = imageUrlIssue(url);
		expect(issue?.kind).toBe('hint');
		expect(issue?.message).not.toContain('secret');
	});
});

describe('a callback URL', () => {
	test('of production is fine', () => {
		expect(callbackUrlIssue('https://n8n.example.com/webhook/abc')).toBeUndefined();
	});

	test.each(['https://n8n.example.com/webhook-test/abc', 'http://localhost:5678/webhook/abc'])(
		'%j gets a hint',
		(url) => {
			expect(callbackUrlIssue(url)?.kind).toBe('hint');
		},
	);

	test('that is none is refused', () => {
		expect(callbackUrlIssue('n8n.example.com/webhook/abc')?.kind).toBe('refuse');
	});
});
