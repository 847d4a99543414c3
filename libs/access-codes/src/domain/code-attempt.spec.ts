import { derivedId, RandomIds } from '@latchkey/platform';
import { CODE_ACTIONS, turned } from './code-attempt';

/** Codes whose ids begin with the time, and those from before that. */
const IDS = {
  'in the order of time': derivedId(new RandomIds().uuid(), 'access code'),
  random: '1f0a7c1e-6d4b-5b0e-9d0a-5b8c3d2e1f00',
};

describe.each(Object.entries(IDS))('attempts about a code whose id is %s', (_order, codeId) => {
  const attempts = CODE_ACTIONS.map((action) => turned(codeId, action));

  it('have ids of their own, which show the code', () => {
    expect(new Set([codeId, ...attempts]).size).toBe(1 + CODE_ACTIONS.length);
    expect(CODE_ACTIONS.map((action, n) => turned(attempts[n]!, action))).toEqual(
      CODE_ACTIONS.map(() => codeId),
    );
  });
});

it('attempts about a code whose id begins with the time begin with it too', () => {
  const codeId = IDS['in the order of time'];

  for (const action of CODE_ACTIONS) expect(turned(codeId, action).slice(0, 18)).toBe(codeId.slice(0, 18));
});

it('attempts about a code from before that keep their ids', () => {
  expect(CODE_ACTIONS.map((action) => turned(IDS.random, action))).toEqual([
    '4330eaff-6d4b-5b0e-9d0a-5b8c3d2e1f00',
    '308ba8a9-6d4b-5b0e-9d0a-5b8c3d2e1f00',
    '846e7b23-6d4b-5b0e-9d0a-5b8c3d2e1f00',
  ]);
});
