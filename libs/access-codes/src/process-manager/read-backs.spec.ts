import type { Answer, ListedCode, LockGateway } from '@latchkey/gateways';
import { ReadBacks } from './read-backs';

const lock = { accountId: 'account-1', maker: 'sandbox', lockId: 'lock-1' };
const told = (n: number): Answer<ListedCode[]> => ({
  kind: 'answered',
  value: [{ lockCodeId: String(n), name: null, pin: '1234', window: null, status: 'active' }],
});

describe('reading a lock back for many at once', () => {
  let asked: string[];
  let answers: ((answer: Answer<ListedCode[]>) => void)[];
  let fail: (error: Error) => void;
  let readBacks: ReadBacks;

  beforeEach(() => {
    [asked, answers] = [[], []];
    const list: LockGateway['list'] = ({ accountId, lockId }) => {
      asked.push(`${accountId}/${lockId}`);
      return new Promise((resolve, reject) => {
        answers.push(resolve);
        fail = reject;
      });
    };
    readBacks = new ReadBacks({ list } as LockGateway);
  });

  it('gives callers that come meanwhile the next reading, the same for all of them', async () => {
    const first = readBacks.of(lock);
    const [second, third] = [readBacks.of(lock), readBacks.of(lock)];
    expect(asked).toHaveLength(1);
    answers[0]!(told(1));
    expect(await first).toEqual(told(1));
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toHaveLength(2);
    answers[1]!(told(2));
    expect([await second, await third]).toEqual([told(2), told(2)]);
  });

  it('reads again for a caller that comes later', async () => {
    const first = readBacks.of(lock);
    answers[0]!(told(1));
    await first;
    const second = readBacks.of(lock);
    answers[1]!(told(2));
    expect(await second).toEqual(told(2));
  });

  it('reads with the grant of each account, and each lock by itself', () => {
    void readBacks.of(lock);
    void readBacks.of({ ...lock, accountId: 'account-2' });
    void readBacks.of({ ...lock, lockId: 'lock-2' });
    expect(asked).toEqual(['account-1/lock-1', 'account-2/lock-1', 'account-1/lock-2']);
  });

  it('fails for its callers where a reading fails, and reads on', async () => {
    const first = readBacks.of(lock);
    const second = readBacks.of(lock);
    fail(new Error('a socket hung up'));
    expect(await first).toEqual({ kind: 'unknown', message: 'Error: a socket hung up' });
    await new Promise((resolve) => setImmediate(resolve));
    answers[1]!(told(2));
    expect(await second).toEqual(told(2));
  });
});
