import { pinsIn } from '@latchkey/platform';
import { Refusal } from '@latchkey/event-sourcing';
import { nativeLock, T0 } from './domain/testing/builders';
import { checkAgainstLock } from './pins';

const picky = {
  ...nativeLock,
  capabilities: {
    ...nativeLock.capabilities,
    supportedCodeLengths: [6],
    codeConstraints: [{ constraintType: 'no_all_same_digits' as const }],
  },
};

test('a PIN that a lock does not take is refused with every rule that it breaks, and never repeated', () => {
  const check = (pin: string) => () => checkAgainstLock(picky, { pin, startsAt: null, now: T0 });
  expect(check('482193')).not.toThrow();
  let refused: unknown;
  try {
    check('4444')();
  } catch (error) {
    refused = error;
  }
  expect(refused).toBeInstanceOf(Refusal);
  const { message } = refused as Refusal;
  expect(message).toMatch(/^The lock does not take this access code\. (\S[^.]*\.( |$)){2}$/);
  expect(pinsIn(JSON.stringify(refused) + message, '4444')).toEqual([]);
});
