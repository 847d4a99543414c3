import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OLDEST_NODE, tooOld } from './require-node';

test('the oldest Node is the one that package.json names', () => {
  const root = join(__dirname, '../../..');
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    engines: { node: string };
  };
  expect(engines.node).toBe(`>=${OLDEST_NODE.join('.')}.0`);
  expect(readFileSync(join(root, 'scripts/build.mjs'), 'utf8')).toContain('engines.node');
});

test.each(['18.20.0', '20.9.0', '20.18.3'])('%s is too old', (version) => {
  expect(tooOld(version)).toBe(`Latchkey needs Node 20.19 or later, and this is ${version}.`);
});

test.each(['20.19.0', '20.20.2', '22.0.0', '24.11.1'])('%s will do', (version) => {
  expect(tooOld(version)).toBeUndefined();
});
