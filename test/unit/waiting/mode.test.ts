// Which way of waiting is chosen for which facts, and why it is said to be.
import { chooseWait, type WaitFacts } from '../../../nodes/Kling/waiting/mode';

const PUBLIC = 'https://n8n.example.com/webhook-waiting/7?signature=x';

function choose(over: Partial<WaitFacts> = {}) {
	return chooseWait({
		waitUsing: 'auto',
		isTool: false,
		resumeUrl: PUBLIC,
		ownCallbackUrl: false,
		waitMs: 1_800_000,
		takesCallback: true,
		canPark: true,
		...over,
	});
}

describe('automatic', () => {
	it('sleeps where this n8n can be reached from outside', () => {
		expect(choose()).toMatchObject({
			mode: 'callback',
			reason: expect.stringContaining('no worker'),
		});
	});

	it.each<[string, Partial<WaitFacts>, string]>([
		['an AI agent waits', { isTool: true }, 'AI agent'],
		['the user gave a callback URL', { ownCallbackUrl: true }, 'Callback URL'],
		['the service takes no callback', { takesCallback: false }, 'takes no callback'],
		['n8n cannot park', { canPark: false }, 'cannot resume'],
		['there is no resume URL', { resumeUrl: undefined }, 'cannot resume'],
		['the wait is short', { waitMs: 60_000 }, 'short'],
		['the URL is plain http', { resumeUrl: 'http://n8n.example.com/webhook-waiting/7' }, 'https'],
		['the URL is none', { resumeUrl: 'n8n' }, 'complete URL'],
	])('asks again and again when %s', (_, facts, words) => {
		expect(choose(facts)).toMatchObject({ mode: 'poll', reason: expect.stringContaining(words) });
	});

	it.each([
		'localhost',
		'127.0.0.1',
		'[::1]',
		'10.1.2.3',
		'172.20.0.2',
		'192.168.1.5',
		'169.254.1.1',
		'100.64.0.1',
		'[fd00::1]',
		'[fe80::1]',
		'[::ffff:192.168.1.5]',
		'n8n',
		'n8n.local',
		'n8n.internal',
		'2130706433',
		'0x7f.1',
	])('asks again and again when the host is %s', (host) => {
		const choice = choose({ resumeUrl: `https://${host}/webhook-waiting/7` });
		expect(choice).toMatchObject({ mode: 'poll', reason: expect.stringContaining('WEBHOOK_URL') });
	});

	it.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', 'n8n.example.com', '[2606:4700::1]'])(
		'sleeps when the host is %s',
		(host) => {
			expect(choose({ resumeUrl: `https://${host}/webhook-waiting/7` }).mode).toBe('callback');
		},
	);
});

describe('callback', () => {
	const waitUsing = 'callback';

	it.each([
		'http://127.0.0.1:5678/webhook-waiting/7',
		'http://n8n.example.com/webhook-waiting/7',
		'https://n8n.local/webhook-waiting/7',
	])('is done as asked with %s, and the doubt is told', (resumeUrl) => {
		const choice = choose({ waitUsing, resumeUrl });
		expect(choice).toMatchObject({
			mode: 'callback',
			reason: expect.stringContaining('Note that'),
		});
	});

	it('is done as asked with a short wait', () => {
		expect(choose({ waitUsing, waitMs: 10_000 }).mode).toBe('callback');
	});

	it.each<Partial<WaitFacts>>([
		{ ownCallbackUrl: true },
		{ takesCallback: false },
		{ canPark: false },
		{ resumeUrl: undefined },
	])('is refused with a word why and what to do: %j', (facts) => {
		const choice = choose({ waitUsing, ...facts });
		expect(choice).toMatchObject({
			mode: 'refused',
			nextStep: expect.stringContaining("'Wait Using'"),
		});
	});

	it('never makes an AI agent sleep', () => {
		expect(choose({ waitUsing, isTool: true }).mode).toBe('poll');
	});
});

describe('polling', () => {
	it('is done as asked wherever n8n runs', () => {
		expect(choose({ waitUsing: 'poll' }).mode).toBe('poll');
	});
});
