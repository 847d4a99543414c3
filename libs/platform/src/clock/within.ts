/** After the event loop was blocked, answers that have arrived get this long to be handled before the time is up, ms. */
const GRACE_MS = 50;

/**
 * What `work` resolves to, if it does so within `ms`.
 * @throws what `late` returns otherwise; the work goes on, and its outcome is ignored
 */
export function within<T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> {
  // One promise and no race: every append and every event that is read comes through here.
  return new Promise((resolve, reject) => {
    let timer = setTimeout(() => (timer = setTimeout(() => reject(late()), GRACE_MS)), ms);
    work.then(
      (outcome) => {
        clearTimeout(timer);
        resolve(outcome);
      },
      (error: unknown) => {
        clearTimeout(timer);
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- passed on as it is
        reject(error);
      },
    );
  });
}
