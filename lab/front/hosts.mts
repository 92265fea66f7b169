// Which path of the emulator plays which public host. Written from the providers' own addresses.

/** By host: what the emulator puts before the host's own path. */
export const DIALECT_OF_HOST: Readonly<Record<string, string>> = {
	'api-singapore.klingai.com': '/official',
	'api-beijing.klingai.com': '/official',
	'models.hingnet.com.cn': '/hingnet',
	'www.ezmodel.cloud': '/ezmodel',
	'api.cometapi.com': '/cometapi',
};
