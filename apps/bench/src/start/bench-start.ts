import { setTimeout as delay } from 'node:timers/promises';
import { median } from '../ratios';
import { SeededFolder } from '../rebuild/seeded-folder';
import { machine, table } from '../report';
import type { RunningServer } from '../fleet/running-server';
import { timePages, type PageTimes } from './pages';

const CODES = 100_000;
const QUICK_CODES = 1_000;
const ROUNDS = 5;
const QUICK_ROUNDS = 3;
/** How long a server has nothing to do before its memory is looked at, ms. */
const IDLE_MS = 20_000;
const QUICK_IDLE_MS = 3_000;
/** Codes of the small server whose page the others are held against. */
const FEW_CODES = 100;
const PAGES = 400;
const QUICK_PAGES = 100;

/**
 * How soon a server with many codes in its built views is ready, how much memory it and its event store hold idle, and how
 * much longer a page takes than where there are few codes.
 */
export async function benchStart({
  quick = false,
  codes = quick ? QUICK_CODES : CODES,
}: { quick?: boolean; codes?: number } = {}): Promise<void> {
  const shown = codes.toLocaleString('en-GB');
  const rounds = quick ? QUICK_ROUNDS : ROUNDS;
  const say = (what: string) => process.stderr.write(`${shown} codes: ${what}\n`);
  const seeded = await SeededFolder.with(codes, say);
  try {
    const took: number[] = [];
    const memory: { server: number; eventStore: number }[] = [];
    let pages: readonly PageTimes[] = [];
    for (let round = 1; round <= rounds; round++) {
      say(`a start with the views built (${round} of ${rounds})`);
      const { server, took: one } = await seeded.start();
      took.push(one);
      if (round === rounds) {
        await delay(quick ? QUICK_IDLE_MS : IDLE_MS);
        memory.push({
          server: server.residentMemory(),
          eventStore: server.residentMemory('embedded-eventstore'),
        });
        say('pages');
        pages = await besideFew(server, quick ? QUICK_PAGES : PAGES, say);
      }
      await server.stop();
    }
    const [idle] = memory;
    const inMb = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MB`;
    const spread = `${Math.min(...took).toFixed(1)}–${Math.max(...took).toFixed(1)} s`;
    table(
      ['what', 'result', 'spread', 'at most'],
      [
        [`ready, ${shown} codes in built views`, `${median(took).toFixed(1)} s`, spread, '3 s'],
        ['memory of the server, idle', inMb(idle!.server), '', ''],
        ['memory of its event store, idle', inMb(idle!.eventStore), '', ''],
        ['both together', inMb(idle!.server + idle!.eventStore), '', '400 MB'],
        ...pages.map(pageRow),
      ],
    );
    process.stdout.write(`median of ${rounds} starts; ${machine()}\n`);
  } finally {
    seeded.remove();
  }
}

async function besideFew(
  many: RunningServer,
  asked: number,
  say: (what: string) => void,
): Promise<readonly PageTimes[]> {
  const seeded = await SeededFolder.with(FEW_CODES, (what) => say(`beside ${FEW_CODES}: ${what}`));
  try {
    const { server: few } = await seeded.start();
    try {
      return await timePages(many, few, asked);
    } finally {
      await few.stop();
    }
  } finally {
    seeded.remove();
  }
}

function pageRow({ which, ms, beside, ratios }: PageTimes): string[] {
  const [least, most] = [Math.min(...ratios), Math.max(...ratios)].map((ratio) => ratio.toFixed(2));
  return [
    `the ${which} page of 50, beside the first of ${FEW_CODES} (${beside.toFixed(2)} ms)`,
    `${ms.toFixed(2)} ms, ${median(ratios).toFixed(2)} times`,
    `${least}–${most}`,
    '1.2 times',
  ];
}
