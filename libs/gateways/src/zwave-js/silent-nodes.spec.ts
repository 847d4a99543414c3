import { HOUR, MINUTE, SECOND } from '@latchkey/platform';
import { SilentNodes } from './silent-nodes';

const NODE = 7;
const dead = { nodeId: NODE, alive: false };

describe('a node that is taken for dead', () => {
  let now: number;
  let pings: number;
  let answering: boolean;
  let silent: SilentNodes;
  const ping = () => {
    pings++;
    return Promise.resolve(answering);
  };

  beforeEach(() => {
    now = Date.parse('2026-03-02T10:00:00.000Z');
    pings = 0;
    answering = false;
    silent = new SilentNodes({ now: () => now });
  });

  it('is asked at once, and then left alone for a while', async () => {
    expect(await silent.answers(dead, ping)).toBe(false);
    expect(await silent.answers(dead, ping)).toBe(false);
    expect(pings).toBe(1);
    now += 5 * SECOND;
    expect(await silent.answers(dead, ping)).toBe(false);
    expect(pings).toBe(2);
  });

  it('costs the radio less the longer it is silent, and is still asked every minute', async () => {
    for (let second = 0; second < 3600; second++, now += SECOND) await silent.answers(dead, ping);
    expect(pings).toBeGreaterThanOrEqual(60);
    expect(pings).toBeLessThan(130);
  });

  it('is asked in any case when somebody waits for it', async () => {
    await silent.answers(dead, ping);
    answering = true;
    expect(await silent.answers(dead, ping, true)).toBe(true);
    expect(pings).toBe(2);
  });

  it('is asked at once when it fell silent anew', async () => {
    await silent.answers(dead, ping);
    silent.delete(NODE);
    await silent.answers(dead, ping);
    expect(pings).toBe(2);
  });

  it('is not left alone for longer because the clock was put back', async () => {
    await silent.answers(dead, ping);
    now -= HOUR;
    await silent.answers(dead, ping);
    expect(pings).toBe(2);
  });

  it('keeps no other node waiting', async () => {
    await silent.answers(dead, ping);
    answering = true;
    expect(await silent.answers({ ...dead, nodeId: NODE + 1 }, ping)).toBe(true);
    now += MINUTE;
    expect(await silent.answers({ nodeId: NODE, alive: true }, ping)).toBe(true);
    expect(pings).toBe(2);
  });
});
