import { InFlightCalls } from './in-flight-calls';

describe('calls to locks that are under way', () => {
  const call = () => {
    let [end, fail]: [() => void, (error: Error) => void] = [() => undefined, () => undefined];
    const running = new Promise<string>((resolve, reject) => {
      end = () => resolve('done');
      fail = reject;
    });
    return { running, end, fail };
  };

  it('are waited for, all of one lock and none of another', async () => {
    const calls = new InFlightCalls();
    const [one, other, elsewhere] = [call(), call(), call()];
    const results = [calls.during('device-1', one.running), calls.during('device-1', other.running)];
    void calls.during('device-2', elsewhere.running);
    let settled = false;
    const waiting = calls.settled('device-1').then(() => (settled = true));
    one.end();
    await new Promise((resolve) => setImmediate(resolve));
    expect(settled).toBe(false);
    other.end();
    await waiting;
    expect(await Promise.all(results)).toEqual(['done', 'done']);
  });

  it('that fail are over as well, and fail for their callers', async () => {
    const calls = new InFlightCalls();
    const one = call();
    const result = calls.during('device-1', one.running);
    const waiting = calls.settled('device-1');
    one.fail(new Error('no answer'));
    await expect(result).rejects.toThrow('no answer');
    await expect(waiting).resolves.toEqual([]);
  });

  it('are not waited for once they are over', async () => {
    const calls = new InFlightCalls();
    await calls.during('device-1', Promise.resolve('done'));
    await expect(calls.settled('device-1')).resolves.toEqual([]);
  });

  it('tell under which id a lock has taken a code', async () => {
    const calls = new InFlightCalls();
    const lockCode = { deviceId: 'device-1', lockCodeId: '7', codeId: 'code-1' };
    void calls.during('device-1', Promise.resolve({ touched: 'done', lockCode }));
    void calls.during('device-1', Promise.resolve({ touched: 'done' }));
    expect(await calls.settled('device-1')).toEqual([lockCode]);
  });
});
