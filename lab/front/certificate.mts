// Makes a throwaway TLS certificate for some hosts; it signs itself, so it is its own authority.
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

interface Certificate {
	/** PEM; given to a client as an authority to trust */
	cert: string;
	/** PEM of the private key */
	key: string;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** Client and machine may disagree about the time a little. */
const BACKDATED_MS = 60 * 60 * 1000;

/** The DER tags that a certificate needs (ITU-T X.690). */
const TAG = {
	boolean: 0x01,
	integer: 0x02,
	bitString: 0x03,
	octetString: 0x04,
	objectId: 0x06,
	utf8: 0x0c,
	utcTime: 0x17,
	sequence: 0x30,
	set: 0x31,
	version: 0xa0,
	extensions: 0xa3,
	dnsName: 0x82,
};

/** Object identifiers, as DER content (RFC 5280 and 5758). */
const ID = {
	ecdsaWithSha256: Buffer.from('2a8648ce3d040302', 'hex'),
	commonName: Buffer.from('550403', 'hex'),
	subjectAltName: Buffer.from('551d11', 'hex'),
	basicConstraints: Buffer.from('551d13', 'hex'),
};

/** Returns a certificate for these host names, valid for one day (RFC 5280 section 4.1). */
export function makeCertificate(hosts: readonly string[]): Certificate {
	const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
	const algorithm = der(TAG.sequence, der(TAG.objectId, ID.ecdsaWithSha256));
	const name = nameOf('Kling lab');
	const names = hosts.map((host) => der(TAG.dnsName, Buffer.from(host, 'ascii')));
	const facts = der(
		TAG.sequence,
		der(TAG.version, der(TAG.integer, Buffer.from([2]))),
		der(TAG.integer, serialNumber()),
		algorithm,
		name,
		der(TAG.sequence, time(Date.now() - BACKDATED_MS), time(Date.now() + DAY_MS)),
		name,
		publicKey.export({ type: 'spki', format: 'der' }),
		der(
			TAG.extensions,
			der(
				TAG.sequence,
				extension(ID.basicConstraints, der(TAG.sequence, der(TAG.boolean, Buffer.from([0xff])))),
				extension(ID.subjectAltName, der(TAG.sequence, ...names)),
			),
		),
	);
	const signature = Buffer.concat([Buffer.from([0]), sign('sha256', facts, privateKey)]);
	const certificate = der(TAG.sequence, facts, algorithm, der(TAG.bitString, signature));
	return {
		cert: pem('CERTIFICATE', certificate),
		key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
	};
}

function nameOf(text: string): Buffer {
	const value = der(TAG.utf8, Buffer.from(text));
	const pair = der(TAG.sequence, der(TAG.objectId, ID.commonName), value);
	return der(TAG.sequence, der(TAG.set, pair));
}

function extension(id: Buffer, value: Buffer): Buffer {
	return der(TAG.sequence, der(TAG.objectId, id), der(TAG.octetString, value));
}

/** Positive and without a leading zero byte. */
function serialNumber(): Buffer {
	return Buffer.concat([Buffer.from([0x40]), randomBytes(15)]);
}

function time(ms: number): Buffer {
	const digits = new Date(ms).toISOString().replace(/\D/g, '').slice(2, 14);
	return der(TAG.utcTime, Buffer.from(`${digits}Z`, 'ascii'));
}

/** One DER element: tag, length, content. */
function der(tag: number, ...parts: Buffer[]): Buffer {
	const content = Buffer.concat(parts);
	return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

function lengthOf(length: number): Buffer {
	if (length < 0x80) return Buffer.from([length]);
	const hex = length.toString(16);
	const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
	return Buffer.concat([Buffer.from([0x80 + bytes.length]), bytes]);
}

function pem(label: string, content: Buffer): string {
	const lines = content.toString('base64').match(/.{1,64}/g) ?? [];
	return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}
