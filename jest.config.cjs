// Jest: `unit` is logic alone, `unit-zod4` the same with the next zod, `engine` drives the node inside n8n-core.
const swc = ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } }];
const common = {
	testEnvironment: 'node',
	transform: { '^.+\\.ts$': swc },
	// Unpacked copies of this package would collide with it by name.
	modulePathIgnorePatterns: ['<rootDir>/.tmp', '<rootDir>/lab/instance/locks'],
};
const unit = { ...common, testMatch: ['<rootDir>/test/unit/**/*.test.ts'] };

module.exports = {
	// Jest would leave one core idle: of two, that is half.
	maxWorkers: '100%',
	projects: [
		{ ...unit, displayName: 'unit' },
		{
			...unit,
			displayName: 'unit-zod4',
			moduleNameMapper: { '^zod$': '<rootDir>/node_modules/zod4' },
		},
		{ ...common, displayName: 'engine', testMatch: ['<rootDir>/test/engine/**/*.test.ts'] },
	],
};
