import type { Webhooks } from '@latchkey/public-events';
import type { Timed } from './sandbox-clock';

/** The domain's work and the webhooks, played by one clock: retries fall due on it as locks do. */
export function together(core: Timed, webhooks: Webhooks): Timed {
  const { deliveries } = webhooks;
  return {
    async settle() {
      await core.settle();
      await webhooks.settled();
    },
    async caughtUp() {
      await core.caughtUp();
      await webhooks.caughtUp();
    },
    async nextDue() {
      const instants = [await core.nextDue(), webhooks.nextDue];
      const due = instants.filter((instant) => instant !== null);
      return due.length === 0 ? null : Math.min(...due);
    },
    get lockCalls() {
      return core.lockCalls;
    },
    playing(begun) {
      core.playing(begun);
    },
    hold() {
      core.hold();
      deliveries.hold();
    },
    release() {
      core.release();
      deliveries.release();
    },
  };
}
