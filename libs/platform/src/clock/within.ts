/** After the loop stood still, answers that arrived meanwhile are taken in before anybody is told of silence, ms. */
const GRACE_MS = 50;

/**
 * What `work` comes to, if it does so within `ms`.
 * @throws what `late` returns otherwise; the work goes on, and what becomes of it is nobody's business any more
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
