import { Writable } from 'node:stream';
import { ResponseStream } from './response-stream';

/** The sending side of a call whose client takes a message when it is told to. */
function slowCall(): { call: Writable; take: () => void } {
  const waiting: (() => void)[] = [];
  const call = new Writable({
    objectMode: true,
    write: (_message, _encoding, done) => waiting.push(done),
  });
  return { call, take: () => waiting.shift()?.() };
}

describe('what is sent to a slow client', () => {
  const open = () => {
    const { call, take } = slowCall();
    return { response: new ResponseStream(call as never), call, take };
  };
  const settled = async (promise: Promise<void>): Promise<boolean> => {
    const other = Symbol('other');
    await new Promise((resolve) => setImmediate(resolve));
    return (await Promise.race([promise, Promise.resolve(other)])) !== other;
  };

  it('waits once many bytes are queued, however few the messages', async () => {
    const { response, take } = open();

    expect(response.write(Buffer.alloc(200 * 1024))).toBeUndefined();
    const second = response.write(Buffer.alloc(200 * 1024))!;

    expect(await settled(second)).toBe(false);
    take();
    expect(await settled(second)).toBe(true);
  });

  it('waits once many messages are queued, however small', async () => {
    const { response, take } = open();
    let waiting: Promise<void> | undefined;
    let written = 0;
    while (!waiting) {
      waiting = response.write(Buffer.alloc(1));
      written += 1;
    }

    expect(written).toBeLessThanOrEqual(16);
    expect(await settled(waiting)).toBe(false);
    for (let n = 0; n < written; n += 1) {
      take();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await settled(waiting)).toBe(true);
  });

  it('waits no longer when the call is over', async () => {
    const { response, call } = open();
    const waiting = response.write(Buffer.alloc(1024 * 1024))!;

    call.destroy();

    expect(await settled(waiting)).toBe(true);
    expect(response.isOpen).toBe(false);
    expect(response.write(Buffer.alloc(1024 * 1024))).toBeUndefined();
  });
});
