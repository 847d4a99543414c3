import { systemCause } from '@latchkey/event-sourcing';
import { othersTurn } from '@latchkey/platform';
import type { AccessCode } from '../domain/access-code';
import { at, fold, requested, T0 } from '../domain/testing/builders';
import { CleanUp } from './clean-up';

const cause = systemCause({ workspaceId: 'workspace-1', correlationId: 'code-1', causationId: 'plan' });
const history = [
  at(T0, requested(null)),
  at(T0, { type: 'RemovalStarted', data: { cause: 'expired' } }),
  at(T0, { type: 'Removed', data: { cause: 'expired', wasOnDevice: true } }),
];
const beingRemoved = fold(history.slice(0, 2));
const gone = fold(history);
const deleted = fold([
  ...history.slice(0, 2),
  at(T0, { type: 'RemovalStarted', data: { cause: 'deleted' } }),
  at(T0, { type: 'Removed', data: { cause: 'deleted', wasOnDevice: true } }),
]);
const forgotten = fold([...history, at(T0, { type: 'Forgotten', data: {} })]);

/** A vault that erases when it is told to, and what was done in order. */
function cleanUp({ keepsExpired = false } = {}) {
  const done: string[] = [];
  const waiting: { erased: () => void; failed: (error: Error) => void }[] = [];
  const subject = new CleanUp({
    vault: {
      erase: (keyId) =>
        new Promise((resolve, reject) => {
          done.push(`erase ${keyId}`);
          waiting.push({ erased: resolve, failed: reject });
        }),
    },
    streams: {
      commonCodes: { leaveAs: () => Promise.resolve() } as never,
      releaseAll: (deviceId, codeIds) => {
        done.push(`release ${codeIds.join()} on ${deviceId}`);
        return Promise.resolve();
      },
    },
    keepsExpired: () => Promise.resolve(keepsExpired),
  });
  const after = (code: AccessCode) => subject.after(code.deviceId, [code], cause);
  /** The row of the code has its turn, and the vault does what it is told with it. */
  const rowErases = async (code: AccessCode) => {
    const row = after(code);
    await othersTurn();
    waiting.at(-1)!.erased();
    await row;
  };
  return { subject, after, rowErases, done, waiting };
}

const erase = `erase ${gone.wanted.pin.keyId}`;
const release = `release ${gone.codeId} on ${gone.deviceId}`;

describe('cleaning up after a code that is gone', () => {
  it('erases its key, and then releases its PIN', async () => {
    const { after, done, waiting } = cleanUp();
    const cleaned = after(gone);
    await othersTurn();
    expect(done).toEqual([erase]);
    waiting[0]!.erased();
    await cleaned;
    expect(done).toEqual([erase, release]);
  });

  it('is done once where it was begun at once: the row of the code waits for that', async () => {
    const { subject, after, done, waiting } = cleanUp();
    const atOnce = subject.atOnce(gone, cause);
    let isSettled = false;
    const row = after(gone).then(() => (isSettled = true));
    await othersTurn();
    expect(isSettled).toBe(false);
    waiting[0]!.erased();
    await Promise.all([atOnce, row]);
    expect(done).toEqual([erase, release]);
  });

  it('is not done again where it has ended before the row has its turn', async () => {
    const { subject, after, done, waiting } = cleanUp();
    const atOnce = subject.atOnce(gone, cause);
    await othersTurn();
    waiting[0]!.erased();
    await atOnce;
    await after(gone);
    expect(done).toEqual([erase, release]);
  });

  it('that has failed is left to the row', async () => {
    const { subject, rowErases, done, waiting } = cleanUp();
    const atOnce = subject.atOnce(gone, cause);
    await othersTurn();
    waiting[0]!.failed(new Error('the disk is full'));
    await atOnce;
    await rowErases(gone);
    expect(done).toEqual([erase, erase, release]);
  });

  it('fails for the row as well where that had joined it', async () => {
    const { subject, after, waiting } = cleanUp();
    const atOnce = subject.atOnce(gone, cause);
    const row = after(gone).catch(({ message }: Error) => message);
    await othersTurn();
    waiting[0]!.failed(new Error('the disk is full'));
    expect(await row).toBe('the disk is full');
    await atOnce;
  });

  describe('whose key was begun to be erased before it was recorded that it is gone', () => {
    it('joins that, as does its row', async () => {
      const { subject, after, done, waiting } = cleanUp();
      const erasing = subject.eraseAhead(beingRemoved);
      await othersTurn();
      const cleaned = [subject.atOnce(gone, cause, erasing), after(gone)];
      await othersTurn();
      expect(done).toEqual([erase]);
      waiting[0]!.erased();
      await Promise.all(cleaned);
      expect(done).toEqual([erase, release]);
    });

    it('leaves it to the row where that has failed', async () => {
      const { subject, rowErases, done, waiting } = cleanUp();
      const erasing = subject.eraseAhead(beingRemoved);
      await othersTurn();
      waiting[0]!.failed(new Error('the disk is full'));
      await othersTurn();
      await subject.atOnce(gone, cause, erasing);
      expect(done).toEqual([erase]);
      await rowErases(gone);
      expect(done).toEqual([erase, erase, release]);
    });

    it('keeps it where expired codes stay readable', async () => {
      const { subject, done } = cleanUp({ keepsExpired: true });
      await subject.atOnce(gone, cause, subject.eraseAhead(beingRemoved));
      expect(done).toEqual([release]);
    });

    it('erases it of one that was deleted before that could be recorded, although expired codes stay readable', async () => {
      const { subject, rowErases, done } = cleanUp({ keepsExpired: true });
      await subject.eraseAhead(beingRemoved);
      await rowErases(deleted);
      expect(done).toEqual([erase, release]);
    });
  });

  it('has more to do once a code that stayed readable was deleted', async () => {
    const { subject, rowErases, done } = cleanUp({ keepsExpired: true });
    await subject.atOnce(gone, cause);
    expect(done).toEqual([release]);
    await rowErases(forgotten);
    expect(done).toEqual([release, erase, release]);
  });
});
