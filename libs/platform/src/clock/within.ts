/** After the event loop was blocked, answers that have arrived get this long to be handled before the time is up, ms. */
const GRACE_MS = 50;

/**
 * What `work` resolves to, if it does so within `ms`.
 * @throws what `late` returns otherwise; the work goes on, and its outcome is ignored
 */
export async function within<T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => (timer = setTimeout(() => reject(late()), GRACE_MS)), ms);
  });
  try {
    return await Promise.race([work, timeout]);
  } catch (error) {
    work.catch(() => undefined);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
