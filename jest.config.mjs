// One configuration for every suite; `--selectProjects` picks a suite.
const base = {
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } }] },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.cache/', '<rootDir>/.toolchain/'],
};
const suite = (displayName, extra = {}) => ({ ...base, displayName, testMatch: [`<rootDir>/test/${displayName}/**/*.test.ts`], ...extra });
export default {
  testTimeout: 300_000,
  testSequencer: '<rootDir>/tools/test-order.mjs',
  projects: [suite('unit'), suite('contract'), suite('integration'), suite('e2e')],
};
