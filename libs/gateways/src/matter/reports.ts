import type { LockReport } from '../lock-gateway';
import type { LockNews } from './controller/messages';

const VIA = { keypad: 'keypad', hand: 'manual', other: null } as const;

/** What a lock did by itself, as the port reports it; null: nothing that anybody is told. */
export function reportOf(news: LockNews): LockReport | null {
  const { lockId } = news;
  switch (news.news) {
    case 'online':
    case 'offline':
      return { kind: news.news, lockId };
    case 'battery-low':
      return { kind: 'low-battery', lockId };
    case 'wrong-pin':
      return { kind: 'incorrect-attempt', lockId, at: null };
    case 'jammed':
    case 'tampered':
      return { kind: news.news, lockId, at: null };
    case 'operated': {
      const { action, by, slot } = news;
      if (action === 'unlock' && by === 'keypad')
        return { kind: 'code-used', lockId, lockCodeId: slot === null ? null : String(slot), at: null };
      // What came over the air was ours, and has been told already.
      if (by === 'remote') return null;
      const outcome = { actionId: null, success: true, errorCode: null, performedVia: VIA[by], action };
      return { kind: 'action-completed', lockId, ...outcome };
    }
    case 'users-changed':
      // Has somebody look, who finds that the lock was changed, and reads it back.
      return { kind: 'online', lockId };
  }
}
