import fc from 'fast-check';
import { CloudClient, at } from './testing/cloud-client';

/** What happens to a lock whose latency is 0; PINs and windows are few, so that they clash often. */
type Step =
  | { do: 'create' | 'by hand'; pin: string; from: number | null; to: number | null }
  | { do: 'update'; which: number; pin: string }
  | { do: 'delete' | 'erase by hand'; which: number }
  | { do: 'drift'; by: number }
  | { do: 'ignore schedule'; on: boolean }
  | { do: 'advance'; by: number };

const pin = fc.constantFrom('1111', '2222', '3333');
const edge = fc.option(fc.integer({ min: 0, max: 10 }), { nil: null });
const which = fc.nat({ max: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('create', 'by hand'), pin, from: edge, to: edge }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('update'), which, pin }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('delete', 'erase by hand'), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drift'), by: fc.integer({ min: -3, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('ignore schedule'), on: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('advance'), by: fc.integer({ min: 0, max: 3 }) }) },
);

const SECOND = 1000;

/** A lock as simple as one can be told about: seconds, a list of codes, and the first that fits opens. */
class Model {
  now = 0;
  drift = 0;
  ignoresSchedule = false;
  codes: { id: string; pin: string; from: number | null; to: number | null }[] = [];

  takes(newPin: string, from: number | null, to: number | null, self?: string): boolean {
    const ordered = from === null || to === null || from < to;
    return ordered && !this.codes.some(({ id, pin: theirs }) => theirs === newPin && id !== self);
  }

  opens(entered: string): boolean {
    const time = this.now + this.drift;
    const fits = (from: number | null, to: number | null) =>
      this.ignoresSchedule || ((from ?? -Infinity) <= time && time < (to ?? Infinity));
    return this.codes.some(({ pin: theirs, from, to }) => theirs === entered && fits(from, to));
  }
}

const shown = (second: number | null) => (second === null ? null : at(second * SECOND));

describe('the keypad', () => {
  it('opens exactly when a simple model of a lock says so', async () => {
    const cloud = await CloudClient.start();
    let started = 0;
    const play = async (steps: Step[]) => {
      // The clock goes on from run to run; each run counts its seconds from where it found it.
      const origin = started;
      const lock = await cloud.addLock();
      const model = new Model();
      const edgeAt = (second: number | null) => (second === null ? null : second + origin);
      const said: unknown[] = [];
      const meant: unknown[] = [];
      for (const one of steps) {
        switch (one.do) {
          case 'create':
          case 'by hand': {
            const path =
              one.do === 'create' ? `/locks/${lock}/access_codes` : `/simulator/locks/${lock}/codes`;
            const window = { starts_at: shown(edgeAt(one.from)), ends_at: shown(edgeAt(one.to)) };
            const { status, body } = await cloud.call('POST', path, { name: 'x', code: one.pin, ...window });
            said.push(status === 201);
            meant.push(model.takes(one.pin, one.from, one.to));
            if (status === 201) model.codes.push({ ...one, id: body.access_code_id });
            break;
          }
          case 'update': {
            const code = model.codes[one.which];
            if (!code) break;
            const { status } = await cloud.update(code.id, { code: one.pin });
            said.push(status === 200);
            meant.push(model.takes(one.pin, code.from, code.to, code.id));
            if (status === 200) code.pin = one.pin;
            break;
          }
          case 'delete':
          case 'erase by hand': {
            const code = model.codes[one.which];
            if (!code) break;
            const byHand = `/simulator/locks/${lock}/codes/${code.id}`;
            const path = one.do === 'delete' ? `/access_codes/${code.id}` : byHand;
            said.push((await cloud.call('DELETE', path)).status);
            meant.push(200);
            model.codes = model.codes.filter(({ id }) => id !== code.id);
            break;
          }
          case 'drift':
            model.drift = one.by;
            await cloud.faults(lock, { clock_drift_ms: one.by * SECOND });
            break;
          case 'ignore schedule':
            model.ignoresSchedule = one.on;
            await cloud.faults(lock, { ignore_schedule: one.on });
            break;
          case 'advance':
            model.now += one.by;
            started += one.by;
            await cloud.advance((origin + model.now) * SECOND);
        }
        for (const entered of ['1111', '2222', '3333']) {
          said.push([entered, await cloud.opens(lock, entered)]);
          meant.push([entered, model.opens(entered)]);
        }
      }
      expect(said).toEqual(meant);
    };
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), play), { numRuns: 60 });
    await cloud.close();
  }, 60_000);

  it('judges the window to the millisecond: the start belongs to it, the end does not', async () => {
    const cloud = await CloudClient.start();
    const lock = await cloud.addLock();
    await cloud.create(lock, { code: '1234', starts_at: at(1000), ends_at: at(2000) });
    const answers: boolean[] = [];
    for (const ms of [999, 1000, 1999, 2000]) {
      await cloud.advance(ms);
      answers.push(await cloud.opens(lock, '1234'));
    }
    expect(answers).toEqual([false, true, true, false]);
    for (const code of ['', '12a4', 1234, null, '123456789012345678901']) {
      const { status } = await cloud.call('POST', `/simulator/locks/${lock}/keypad`, { code });
      expect([code, status]).toEqual([code, 400]);
    }
    expect((await cloud.call('POST', '/simulator/locks/none/keypad', { code: '1' })).status).toBe(404);
    await cloud.close();
  });
});
