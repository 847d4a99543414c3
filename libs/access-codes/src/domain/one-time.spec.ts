import { HOUR } from '@latchkey/platform';
import { given } from '@latchkey/event-sourcing';
import { codeFold } from './code-fold';
import { failed, usedUp } from './decisions';
import { reconcile } from './read-back';
import { around, at, content, fold, onLock, planned, programming, removalSent, T0 } from './testing/builders';
import type { CodeEvent } from './events';

const once = onLock(null, false, { isOneTimeUse: true });
const over: CodeEvent = { type: 'RemovalStarted', data: { cause: 'expired' } };
const gone: CodeEvent = { type: 'Removed', data: { cause: 'expired', wasOnDevice: true } };
const emptyLock = { listed: [], claimed: () => false, now: T0 + HOUR, retryAt: T0 + HOUR };

describe('a one-time code', () => {
  it('comes to its end by its use, once', () => {
    given(codeFold, once).when(usedUp).then([over]);
    given(codeFold, [...once, at(T0, over)])
      .when(usedUp)
      .then([]);
    given(codeFold, [...once, at(T0, over), at(T0, gone)])
      .when(usedUp)
      .then([]);
    given(codeFold, []).when(usedUp).then([]);
  });
  it('is the only one that does', () => given(codeFold, onLock(null, false)).when(usedUp).then([]));
  it('is taken off a lock that has kept it, and gone where the lock no longer has it', () => {
    const ending = [...once, at(T0, over)];
    expect(planned(around(T0 + 1))(fold(ending))).toMatchObject({ do: 'remove', purpose: 'removal' });
    const sent = [...ending, at(T0, removalSent('remove-1', 'removal', T0 + HOUR))];
    given(codeFold, sent)
      .when((code) => failed(code, 'remove-1', { errorCode: 'NOT_FOUND', message: '', retryAt: T0 + HOUR }))
      .then([gone]);
  });
  it('is used up when it is no longer on the lock, and never set back', () =>
    given(codeFold, once)
      .when((code) => reconcile(code!, emptyLock))
      .then([over, gone]));
  it('stays deleted when it turns out to be gone meanwhile', () => {
    const changing = programming('change-1', 'change', content(null, { name: 'Ann' }), T0 + HOUR);
    const deleted: CodeEvent = { type: 'RemovalStarted', data: { cause: 'deleted' } };
    const removed: CodeEvent = { type: 'Removed', data: { cause: 'deleted', wasOnDevice: true } };
    given(codeFold, [...once, at(T0, changing), at(T0, deleted)])
      .when((code) => failed(code, 'change-1', { errorCode: 'NOT_FOUND', message: '', retryAt: T0 + HOUR }))
      .then([removed]);
  });
});
