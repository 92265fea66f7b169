// Draws the sample pictures of examples/images from the scenes in pictures/: run it after changing one.
import { join } from 'node:path';
import sharp from 'sharp';

const scenes = join(import.meta.dirname, 'pictures');
const target = join(import.meta.dirname, '..', '..', 'examples', 'images');

for (const name of ['character', 'jacket']) {
	await sharp(join(scenes, `${name}.svg`))
		.png({ palette: true, colours: 128, effort: 10, compressionLevel: 9 })
		.toFile(join(target, `${name}.png`));
}
for (const name of ['product', 'place']) {
	await sharp(join(scenes, `${name}.svg`))
		.jpeg({ quality: 84, mozjpeg: true })
		.toFile(join(target, `${name}.jpg`));
}
