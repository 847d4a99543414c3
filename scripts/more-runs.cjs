/**
 * fast-check as the specs know it, with FC_RUNS times as many runs of each property, and from FC_SEED if it is set:
 *   FC_RUNS=10 FC_SEED=7 npx jest libs/access-codes/src/domain
 * Jest gives it to the specs in place of fast-check itself (jest.config.ts), so that a spec says only how many runs it needs.
 */
const { env } = require('node:process');
const fc = require('../node_modules/fast-check/lib/cjs/fast-check.js');

const times = Number(env.FC_RUNS);
if (!(times > 0)) throw new Error('FC_RUNS must be a number above 0');
const seed = env.FC_SEED === undefined ? {} : { seed: Number(env.FC_SEED) };

const assert = (property, { numRuns = 100, ...more } = {}) =>
  fc.assert(property, { ...seed, ...more, numRuns: Math.ceil(numRuns * times) });

module.exports = { ...fc, assert, default: { ...fc.default, assert }, __esModule: true };
