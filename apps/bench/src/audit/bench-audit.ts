import { DAY, iso } from '@latchkey/platform';
import type { RunningServer } from '../fleet/running-server';
import { median } from '../ratios';
import type { SeededLock } from '../rebuild/seed';
import { SeededFolder } from '../rebuild/seeded-folder';
import { machine, seconds, table } from '../report';
import { seedMonth } from './seed-month';

const FACTS = 100_000;
const QUICK_FACTS = 5_000;
const ROUNDS = 5;
const QUICK_ROUNDS = 2;
/** Entries on a page. */
const PAGE = 1_000;

interface Asked {
  readonly what: string;
  /** @returns how many items came */
  readonly ask: () => Promise<number>;
}

/** What a month of one lock costs to ask for: a page of it, and all of it. */
export async function benchAudit({ quick = false }: { quick?: boolean } = {}): Promise<void> {
  const facts = quick ? QUICK_FACTS : FACTS;
  const say = (what: string) => process.stderr.write(`${facts.toLocaleString('en-GB')} facts: ${what}\n`);
  let about: { lock: SeededLock; now: number } | undefined;
  const seeded = await SeededFolder.seededBy(
    1,
    async (folder, locks, now) => {
      about = { lock: locks[0]!, now };
      await seedMonth(folder, about.lock, { facts, now });
    },
    say,
  );
  try {
    const { server } = await seeded.start();
    try {
      const rows: string[][] = [];
      for (const { what, ask } of questions(server, about!.lock.deviceId, about!.now)) {
        say(what);
        const took: number[] = [];
        let items = 0;
        const cpu = server.cpuSeconds();
        for (let round = 0; round < (quick ? QUICK_ROUNDS : ROUNDS); round++) {
          const begun = process.hrtime.bigint();
          items = await ask();
          took.push(seconds(begun));
        }
        const spread = `${inMs(Math.min(...took))}–${inMs(Math.max(...took))}`;
        const each = (server.cpuSeconds() - cpu) / took.length;
        rows.push([what, items.toLocaleString('en-GB'), inMs(median(took)), spread, inMs(each), '2,000 ms']);
      }
      table(['what', 'items', 'result', 'spread', "the server's CPU", 'at most'], rows);
      process.stdout.write(`${machine()}; memory of the server at most ${inMb(server.peakMemory())}\n`);
    } finally {
      await server.stop();
    }
  } finally {
    seeded.remove();
  }
}

function questions(server: RunningServer, device_id: string, now: number): Asked[] {
  const month = { device_id, since: iso(now - 31 * DAY), until: iso(now) };
  const span = { device_id, from: iso(now - 31 * DAY), to: iso(now) };
  const day = { device_id, from: iso(now - 15 * DAY), to: iso(now - 14 * DAY) };
  const page = async (path: string, list: string, asked: object) =>
    (await server.api<Record<string, unknown[]>>(path, { ...asked, limit: PAGE }))[list]!.length;
  const lines = (path: string, asked: object, accept: string) => () => server.lines(path, asked, accept);
  const [history, between] = ['/audit/history', '/audit/door_between'];
  const changes = 'audit_door_changes';
  return [
    { what: 'history, a page', ask: () => page(history, 'audit_entries', month) },
    { what: 'history, JSON lines', ask: lines(history, month, 'application/jsonl') },
    { what: 'history, CSV', ask: lines(history, month, 'text/csv') },
    {
      what: 'the door at an instant',
      ask: async () => {
        const at = { device_id, at: iso(now - 14 * DAY) };
        const answer = await server.api<{ audit_door: { openers: unknown[] } }>('/audit/door_at', at);
        return answer.audit_door.openers.length;
      },
    },
    { what: 'the door over a day, a page', ask: () => page(between, changes, day) },
    { what: 'the door over the month, a page', ask: () => page(between, changes, span) },
    { what: 'the door over the month, JSON lines', ask: lines(between, span, 'application/jsonl') },
    { what: 'the door over the month, CSV', ask: lines(between, span, 'text/csv') },
  ];
}

const inMs = (s: number): string => `${Math.round(s * 1_000).toLocaleString('en-GB')} ms`;
const inMb = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MB`;
