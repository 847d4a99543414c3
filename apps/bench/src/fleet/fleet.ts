import { DAY, HOUR, MINUTE, SeededRandom } from '@latchkey/platform';
import { inParallel, seconds, table } from '../report';
import { makeLocks } from './locks';
import { RunningServer } from './running-server';

interface Code {
  readonly lockId: string;
  readonly native: boolean;
  readonly pin: string;
  readonly startsAt: number;
  readonly endsAt: number;
}

const LEAD = HOUR;
/** A lock without a schedule is told when the window is over; so long it may take to confirm. */
const CONFIRMED_WITHIN = MINUTE;
const SPAN = 20 * DAY;
const SAMPLES = 12;

/**
 * Many codes on many locks with random windows, played through on the test clock, the keypads compared with every
 * window on the way. CODES and LOCKS say how many (10,000 on 500).
 */
export async function benchFleet({ quick = false } = {}): Promise<void> {
  const codesWanted = Number(process.env['CODES'] ?? (quick ? 250 : 10_000));
  const locksWanted = Number(process.env['LOCKS'] ?? (quick ? 25 : 500));
  const random = new SeededRandom(7);
  const server = await RunningServer.start();
  try {
    const began = process.hrtime.bigint();
    const devices = await makeLocks(server, locksWanted);
    const locksMade = process.hrtime.bigint();

    const now = Date.parse((await server.api<{ clock: { now: string } }>('/sandbox/clock/get')).clock.now);
    const codes: Code[] = [];
    await inParallel(codesWanted, 32, async (index) => {
      const device = devices[index % devices.length]!;
      const startsAt = now + random.int(SPAN / MINUTE) * MINUTE;
      const endsAt = startsAt + HOUR + random.int((4 * DAY) / MINUTE) * MINUTE;
      const { access_code } = await server.api<{ access_code: { code: string } }>('/access_codes/create', {
        device_id: device.deviceId,
        name: `Guest ${index}`,
        starts_at: new Date(startsAt).toISOString(),
        ends_at: new Date(endsAt).toISOString(),
      });
      codes.push({ ...device, pin: access_code.code, startsAt, endsAt });
    });
    const codesMade = process.hrtime.bigint();

    let playing = 0;
    let cpu = 0;
    let wrong = 0;
    let checked = 0;
    for (let sample = 1; sample <= SAMPLES; sample++) {
      const to = now + Math.round(((SPAN + 5 * DAY) * sample) / SAMPLES) + random.int(1000);
      // What locks report of the keys that were pressed is not what is timed.
      await server.api('/sandbox/clock/advance', { by: 'PT0S' });
      const [from, cpuFrom] = [process.hrtime.bigint(), server.cpuSeconds()];
      await server.api('/sandbox/clock/advance', { to: new Date(to).toISOString() });
      playing += seconds(from);
      cpu += server.cpuSeconds() - cpuFrom;
      const result = await check(server, codes, to);
      wrong += result.wrong;
      checked += result.checked;
      process.stderr.write(
        `${new Date(to).toISOString()}: ${playing.toFixed(1)} s played, ${cpu.toFixed(1)} s CPU, ${wrong} wrong\n`,
      );
    }
    table(
      ['what', 'result'],
      [
        ['locks connected', `${devices.length} in ${(Number(locksMade - began) / 1e9).toFixed(1)} s`],
        ['codes created', `${codes.length} in ${(Number(codesMade - locksMade) / 1e9).toFixed(1)} s`],
        [
          'played on the test clock',
          `${((SPAN + 5 * DAY) / DAY).toFixed(0)} days in ${playing.toFixed(1)} s (${cpu.toFixed(0)} s of the server's CPU)`,
        ],
        ['keypad checks', `${checked}, ${wrong} wrong`],
      ],
    );
    if (wrong > 0) process.exitCode = 1;
  } finally {
    await server.stop();
  }
}

async function check(server: RunningServer, codes: readonly Code[], now: number) {
  let wrong = 0;
  let checked = 0;
  await inParallel(codes.length, 32, async (index) => {
    const code = codes[index]!;
    const expected = shouldOpen(code, now);
    if (expected === 'either') return;
    const path = `/simulator/locks/${code.lockId}/keypad`;
    const { opens } = await server.simulate<{ opens: boolean }>('POST', path, { code: code.pin });
    checked++;
    if (opens === expected) return;
    // Another code on the lock may have the same PIN at another time.
    const other = codes.some(
      (c) => c !== code && c.lockId === code.lockId && c.pin === code.pin && shouldOpen(c, now) !== false,
    );
    if (!other) wrong++;
  });
  return { wrong, checked };
}

function shouldOpen({ native, startsAt, endsAt }: Code, now: number): boolean | 'either' {
  if (now >= startsAt && now < endsAt) return true;
  if (native) return false;
  const told = now >= startsAt - LEAD && now < endsAt + CONFIRMED_WITHIN;
  return told ? 'either' : false;
}
