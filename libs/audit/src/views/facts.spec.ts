import { DOMAIN_PREFIXES } from '@latchkey/access-codes';
import { FACT_PREFIXES } from './facts';

test('facts of every kind of stream are told', () => {
  expect([...FACT_PREFIXES].sort()).toEqual([...DOMAIN_PREFIXES].sort());
});
