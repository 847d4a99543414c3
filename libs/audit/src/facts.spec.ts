import { DOMAIN_PREFIXES, KEYPAD } from '@latchkey/access-codes';
import { FACT_PREFIXES } from './facts';

test('facts of every kind of stream that is kept whole are shown', () => {
  expect([...FACT_PREFIXES].sort()).toEqual(
    DOMAIN_PREFIXES.filter((prefix) => prefix !== `${KEYPAD}-`).sort(),
  );
});
