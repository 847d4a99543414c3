import type { Webhooks } from '@latchkey/public-events';
import type { Timed } from './sandbox-clock';

/** The domain's work and the webhooks, played by one clock: retries fall due on it as locks do. */
export function together(core: Timed, webhooks: Webhooks): Timed {
  const { deliveries } = webhooks;
  return {
    async settle() {
      await core.settle();
      await deliveries.whenIdle();
    },
    async caughtUp() {
      await core.caughtUp();
      await webhooks.settle();
    },
    async nextDue() {
      const instants = [await core.nextDue(), await deliveries.nextDue()];
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
