import { DAY, HOUR, MINUTE } from '@latchkey/platform';
import { setTimeout as delay } from 'node:timers/promises';
import { compile, type Compiled } from '../testing/compiled';
import type { LockAndDevice } from '../testing/keypads';
import { ownSettings, ServerProcess } from '../testing/server-process';

const KILLS = Number(process.env['ACCEPTANCE_KILLS'] ?? 5);
/** How many codes are asked for, at most, before the next kill. */
const CODES_A_LIFE = 10;

/** A code as the client that created it knows it. */
interface Asked {
  readonly pin: string;
  readonly lock: LockAndDevice & { native: boolean };
  readonly startsAt: number;
  readonly endsAt: number;
  /** Unknown where the answer never came. */
  id?: string;
  deletion: 'none' | 'asked' | 'acknowledged';
}

let compiled: Compiled;
let settings: Awaited<ReturnType<typeof ownSettings>>;
let server: ServerProcess;
beforeAll(async () => {
  compiled = compile();
  settings = await ownSettings();
}, 120_000);
afterAll(async () => {
  await server.end('SIGKILL');
  compiled.remove();
  settings.remove();
});

const asked: Asked[] = [];
let nextPin = 1000;

/** Asks for codes, and deletes some of them, until the server is gone. */
async function keepAsking(locks: (LockAndDevice & { native: boolean })[]): Promise<void> {
  const { api } = server;
  try {
    for (let nth = 0; nth < CODES_A_LIFE; nth++) {
      const now = await api.now();
      const startsAt = now + (20 + (nth % 7) * 40) * MINUTE;
      const code: Asked = {
        pin: String(nextPin++),
        lock: locks[nth % locks.length]!,
        startsAt,
        endsAt: startsAt + (30 + (nth % 5) * 60) * MINUTE,
        deletion: 'none',
      };
      asked.push(code);
      const { access_code_id } = await api.create({
        device_id: code.lock.deviceId,
        code: code.pin,
        starts_at: code.startsAt,
        ends_at: code.endsAt,
      });
      code.id = access_code_id;
      if (nth % 4 !== 3) continue;
      const victim = asked[asked.length - 2]!;
      if (!victim.id || victim.deletion !== 'none') continue;
      victim.deletion = 'asked';
      await api.delete(victim.id);
      victim.deletion = 'acknowledged';
    }
  } catch (error) {
    // The connection broke; an answer that came and was no success is a fault.
    if (/: [45]\d\d /.test(String(error))) throw error;
  }
}

async function keepAdvancing(): Promise<void> {
  try {
    for (;;) await server.api.advance(3 * MINUTE);
  } catch (error) {
    if (/: [45]\d\d /.test(String(error))) throw error;
  }
}

it('a server that is killed again and again loses nothing, sets nothing twice, and keeps every instant', async () => {
  server = await ServerProcess.start(compiled, settings.env);
  const locks = [];
  for (const native_scheduling of [true, false, true, false]) {
    const faults = { latency_ms: native_scheduling ? 1000 : 3000 };
    locks.push({ ...(await server.locks.add({ native_scheduling, faults })), native: native_scheduling });
  }
  const known = () => asked.filter(({ id }) => id !== undefined);
  // A slow machine answers little between two kills: it goes on until there is something to look at.
  for (let kill = 0; kill < KILLS || known().length <= KILLS; kill++) {
    // Real time: a process is killed at any point of its work.
    const killed = delay(150 + Math.random() * 700).then(() => server.end('SIGKILL'));
    await Promise.all([killed, keepAsking(locks), keepAdvancing()]);
    server = await ServerProcess.start(compiled, settings.env);
  }
  const { api, locks: keypads } = server;

  // Nothing that was acknowledged is lost.
  const acknowledged = known();
  const now = await api.now();
  const statuses = new Map<Asked, string | 404>();
  for (const code of acknowledged) statuses.set(code, await api.status(code.id!));
  const wrong = [...statuses].filter(([{ deletion, endsAt }, status]) => {
    if (deletion === 'acknowledged') return status !== 'removing' && status !== 404;
    return deletion === 'none' && endsAt > now && status === 404;
  });
  expect(wrong).toEqual([]);

  // Every code opens the door in its window and at no other time.
  const kept = acknowledged.filter(({ deletion, endsAt }) => deletion === 'none' && endsAt > now);
  const checks = kept.flatMap((code) => [
    { code, at: code.startsAt - (code.lock.native ? 0 : HOUR) - 1, opens: false },
    { code, at: code.startsAt, opens: true },
    { code, at: code.endsAt - 1, opens: true },
    { code, at: code.endsAt + MINUTE, opens: false },
  ]);
  const ahead = checks.filter(({ at }) => at > now + MINUTE).sort((a, b) => a.at - b.at);
  expect(ahead.length).toBeGreaterThan(KILLS);
  for (const { code, at, opens } of ahead) {
    await api.advanceTo(at);
    expect([code.id, new Date(at), await keypads.opens(code.lock, code.pin)]).toEqual([
      code.id,
      new Date(at),
      opens,
    ]);
    const held = (await keypads.codes(code.lock)).map((one) => one.code);
    expect(new Set(held).size).toBe(held.length);
  }

  // In the end all of them are gone, also those whose answer never came.
  await api.advance(DAY);
  for (const lock of locks) expect(await keypads.codes(lock)).toEqual([]);
  for (const code of acknowledged) expect(await api.status(code.id!)).toBe(404);

  // What happened, happened once, and at its instant.
  for (const code of kept) {
    const types = await api.eventTypes(code.id!);
    for (const once of ['created', 'set_on_device', 'removed_from_device']) {
      expect([code.id, once, types.filter((type) => type === `access_code.${once}`).length]).toEqual([
        code.id,
        once,
        1,
      ]);
    }
  }
  expect((await server.end('SIGINT')).stderr).toBe('');
}, 300_000);
