// Makes the sample images once, with sharp: drawings to turn into videos, and a few that the service refuses.
import { mkdir } from 'node:fs/promises';
import sharp from 'sharp';

const folder = new URL('images/', import.meta.url);

const drawings = {
	'dog.png': [
		640,
		480,
		'#cfe8ff',
		'<rect y="360" width="640" height="120" fill="#7cb36b"/><ellipse cx="330" cy="300" rx="150" ry="85" fill="#b5793f"/><circle cx="190" cy="210" r="75" fill="#b5793f"/><ellipse cx="150" cy="170" rx="24" ry="55" fill="#7d4f24"/><ellipse cx="235" cy="170" rx="24" ry="55" fill="#7d4f24"/><circle cx="165" cy="200" r="9"/><circle cx="212" cy="200" r="9"/><ellipse cx="188" cy="232" rx="18" ry="12"/><rect x="230" y="350" width="34" height="80" fill="#8f5c2c"/><rect x="400" y="350" width="34" height="80" fill="#8f5c2c"/><path d="M470 270 q70 -30 60 -100" stroke="#8f5c2c" stroke-width="22" fill="none"/>',
	],
	'jacket.jpg': [
		600,
		600,
		'#f5efe4',
		'<path d="M190 130 L410 130 L520 230 L465 310 L425 275 L425 500 L175 500 L175 275 L135 310 L80 230 Z" fill="#c3202f"/><path d="M300 130 V500" stroke="#f4c542" stroke-width="8"/><g fill="#f4c542"><circle cx="240" cy="240" r="22"/><circle cx="360" cy="300" r="22"/><circle cx="245" cy="390" r="22"/><circle cx="365" cy="440" r="22"/></g>',
	],
	'ball.png': [
		480,
		480,
		'#ffffff',
		'<radialGradient id="g" cx="0.35" cy="0.3"><stop offset="0" stop-color="#ffd1d1"/><stop offset="1" stop-color="#d62222"/></radialGradient><ellipse cx="240" cy="400" rx="120" ry="22" fill="#ddd"/><circle cx="240" cy="250" r="145" fill="url(#g)"/>',
	],
	'garden.jpg': [
		540,
		720,
		'#9fd3ff',
		'<rect y="430" width="540" height="290" fill="#6fae5a"/><circle cx="430" cy="110" r="60" fill="#ffd94a"/><rect x="120" y="280" width="44" height="230" fill="#7a5230"/><circle cx="142" cy="240" r="120" fill="#3e8e41"/><path d="M300 720 Q340 560 290 430" stroke="#d9c79a" stroke-width="60" fill="none"/>',
	],
	'narrowest.png': [750, 300, '#334155', '<circle cx="375" cy="150" r="100" fill="#38bdf8"/>'],
	'too-small.png': [200, 200, '#ffcc00', '<circle cx="100" cy="100" r="60"/>'],
	'too-wide.png': [1000, 320, '#00aa88', '<circle cx="500" cy="160" r="100"/>'],
	'picture.webp': [400, 400, '#8855cc', '<circle cx="200" cy="200" r="120" fill="#fff"/>'],
} as const;

await mkdir(folder, { recursive: true });
for (const [name, [width, height, background, shapes]] of Object.entries(drawings)) {
	const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="${background}"/>${shapes}</svg>`;
	await sharp(Buffer.from(svg)).toFile(new URL(name, folder).pathname);
}
