import { MINUTE } from '@latchkey/platform';
import type { CodeEvent } from './events';
import { abandon, ceaseToManage, leaving } from './leaving';
import { account, creating, fold, onLock, requested, simpleLock, T0, at } from './testing/builders';

const deleted: CodeEvent = { type: 'RemovalStarted', data: { cause: 'deleted' } };
const left = { type: 'Removed', data: { cause: 'deleted', wasOnDevice: true, leftOnLock: true } };
const never = { type: 'Removed', data: { cause: 'deleted', wasOnDevice: false, leftOnLock: true } };
const set = fold(onLock(null, false));
const unsent = fold([at(T0, requested(null))]);
const underWay = fold(creating(null, false));

describe('codes of a device that was deleted', () => {
  it('are gone with it, wherever they were in their lives, and stay on the lock', () => {
    expect(abandon(set)).toEqual([deleted, left]);
    expect(abandon(unsent)).toEqual([deleted, never]);
    expect(abandon(underWay)).toEqual([deleted, never]);
    expect(abandon(fold([...onLock(null, false), at(T0 + MINUTE, deleted)]))).toEqual([left]);
  });

  it('go once', () => {
    const gone = abandon(set).reduce(
      (events, event) => [...events, at(T0 + MINUTE, event)],
      onLock(null, false),
    );
    expect(abandon(fold(gone))).toEqual([]);
    expect(abandon(null)).toEqual([]);
  });

  it('go with their account as well', () => {
    const removed = { ...account, connected: false, removedAt: T0 };
    expect(leaving(set, simpleLock, removed)).toEqual([deleted, left]);
    expect(leaving(set, { ...simpleLock, deletedAt: T0, removedAt: T0 }, account)).toEqual([deleted, left]);
    expect(leaving(set, { ...simpleLock, removedAt: T0 }, account)).toEqual([]);
    expect(leaving(set, null, null)).toEqual([]);
  });
});

describe('codes of a device that is not managed any more', () => {
  const unmanaged = { ...simpleLock, managed: false };

  it('become unmanaged where they are on the lock', () => {
    expect(leaving(set, unmanaged, account)).toEqual([{ type: 'LetGo', data: {} }]);
    expect(ceaseToManage(unsent)).toEqual([deleted, never]);
  });

  it('finish what is under way first', () => {
    expect(leaving(underWay, unmanaged, account)).toEqual([]);
    expect(ceaseToManage(fold([...onLock(null, false), at(T0 + MINUTE, deleted)]))).toEqual([]);
  });
});
