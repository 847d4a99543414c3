/** @jest-config-loader esbuild-register */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Config } from 'jest';

const swc = {
  swcrc: false,
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    keepClassNames: true,
  },
  module: { type: 'commonjs' },
} as const;

/** What needs an MQTT broker can run only where there is one; scripts/mosquitto.sh brings it. */
const needsBroker = '\\.broker\\.spec\\.ts$';
const brokers = [process.env.MOSQUITTO ?? '', '/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto'];

/** Each property is run this many times as often as its spec says; unset: as often as it says. */
const { FC_RUNS } = process.env;

const config: Config = {
  testEnvironment: '<rootDir>/scripts/test-environment.cjs',
  roots: ['<rootDir>/apps', '<rootDir>/libs'],
  testMatch: ['**/*.spec.ts'],
  transform: {
    '^.+\\.ts$': ['@swc/jest', swc],
    // Node requires ECMAScript modules by itself; Jest, which does not, is given them as CommonJS.
    '/content-disposition/dist/.+\\.js$': ['@swc/jest', { ...swc, jsc: { target: 'es2022' } }],
  },
  transformIgnorePatterns: ['/node_modules/(?!(.*/)?content-disposition/dist/)'],
  moduleNameMapper: {
    '^@latchkey/([^/]+)$': '<rootDir>/libs/$1/src/index.ts',
    // An import that waits until it is needed must name the file as it will be when it is compiled.
    '^(\\.\\./[a-z0-9-]+/index|(?:\\.\\./)+server)\\.js$': '$1',
    ...(FC_RUNS ? { '^fast-check$': '<rootDir>/scripts/more-runs.cjs' } : {}),
  },
  testPathIgnorePatterns: [
    '/node_modules/',
    ...(brokers.some((path) => existsSync(path)) ? [] : [needsBroker]),
  ],
  modulePathIgnorePatterns: ['<rootDir>/dist'],
  // Whole servers start in some of them, on machines that may be busy.
  testTimeout: 60_000 * Number(FC_RUNS ?? 1),
  // Some wait for what they have broken, or for a process to start: one more than there are processors keeps these busy.
  maxWorkers: availableParallelism() + 1,
  testSequencer: '<rootDir>/scripts/longest-first.cjs',
};

export default config;
