import { until } from '@latchkey/platform';
import type { CodeOnLock } from '../testing/keypads';
import { POLL_EVERY_MS, TwoInstances, withPostgres } from '../testing/two-instances';

/** A dead worker's rows are left alone for as long as its lease lasts, a minute. */
const TAKEN_OVER_WITHIN_MS = 120_000;
const CODES = 24;
/** Of so many new keys two instances are asked for one code each. */
const RACES = 6;

interface OnLock {
  readonly lock_id: string;
  readonly codes: readonly CodeOnLock[];
}

let instances: TwoInstances | undefined;
afterEach(() => instances?.stop());

withPostgres(
  'instances share the work, and what a killed one had begun the other one ends, once',
  async () => {
    instances = await TwoInstances.start();
    const { one, other, simulator, deviceIds } = instances;
    const apis = [one, other];
    // Slow locks: the first instance dies with commands on the way.
    const onLocks = async () => {
      const { locks } = (await (await fetch(simulator)).json()) as { locks: OnLock[] };
      return locks;
    };
    for (const { lock_id } of await onLocks()) {
      const body = JSON.stringify({ latency_ms: 1500 });
      const headers = { 'content-type': 'application/json' };
      await fetch(`${simulator}/${lock_id}/faults`, { method: 'POST', headers, body });
    }
    const codes = await Promise.all(
      Array.from({ length: CODES }, (_, nth) =>
        apis[nth % 2]!.create({
          device_id: deviceIds[nth % deviceIds.length]!,
          code: String(3000 + nth),
        }),
      ),
    );
    await until(
      async () => {
        const statuses = await Promise.all(codes.map(({ access_code_id }) => other.status(access_code_id)));
        return statuses.includes('set');
      },
      { what: 'a code is set', within: 30_000, every: POLL_EVERY_MS },
    );
    await instances.first.end('SIGKILL');
    await until(
      async () => {
        const statuses = await Promise.all(codes.map(({ access_code_id }) => other.status(access_code_id)));
        return statuses.every((status) => status === 'set');
      },
      { what: 'every code is set', within: TAKEN_OVER_WITHIN_MS, every: POLL_EVERY_MS },
    );
    const held = (await onLocks()).flatMap((lock) => lock.codes.map(({ code }) => code));
    expect(held.toSorted()).toEqual(codes.map(({ code }) => code).toSorted());
    for (const { access_code_id } of codes) {
      const types = await other.eventTypes(access_code_id);
      expect(types.filter((type) => type === 'access_code.set_on_device')).toHaveLength(1);
    }

    // The other way round, and back again: the one that came back serves what the other one did.
    await instances.startFirstAgain();
    for (const { access_code_id } of codes) await one.delete(access_code_id);
    await until(
      async () => {
        const statuses = await Promise.all(codes.map(({ access_code_id }) => one.status(access_code_id)));
        return statuses.every((status) => status === 404);
      },
      { what: 'every code is gone', within: TAKEN_OVER_WITHIN_MS, every: POLL_EVERY_MS },
    );
    expect((await onLocks()).flatMap((lock) => lock.codes)).toEqual([]);
  },
  300_000,
);

withPostgres(
  'codes that are asked for with one key at two instances in the same moment have one PIN',
  async () => {
    instances = await TwoInstances.start();
    const { one, other, deviceIds } = instances;
    const [here, there] = deviceIds as [string, string];
    const pairs = await Promise.all(
      Array.from({ length: RACES }, (_, nth) => {
        const common_code_key = `family ${nth}`;
        return Promise.all([
          one.create({ device_id: here, common_code_key }),
          other.create({ device_id: there, common_code_key }),
        ]);
      }),
    );
    for (const [mine, theirs] of pairs) {
      expect(mine.code).toMatch(/^\d{4,}$/);
      expect(theirs.code).toBe(mine.code);
    }
    // Nor is one given another PIN behind the other's back.
    const [[mine, theirs]] = pairs as [(typeof pairs)[number]];
    const changes = await Promise.all([
      one.call('/access_codes/update', { access_code_id: mine.access_code_id, code: '918273' }),
      other.call('/access_codes/update', { access_code_id: theirs.access_code_id, code: '465738' }),
    ]);
    expect(changes.map(({ body }) => body.error?.type)).toEqual(Array(2).fill('common_code_key_in_use'));
  },
  300_000,
);
