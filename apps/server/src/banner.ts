import { iso, MINUTE } from '@latchkey/platform';
import type { RunningServer } from './server';

/** A sandbox's clock that is off by less shows the wall's time, ms. */
const SAME_TIME_MS = MINUTE;

/** What a newcomer at a terminal needs to see: where it is, how to get in, and a line that works as it stands. */
export function welcome({ url, config, sandbox }: RunningServer, wall: number): string {
  if (!sandbox) return `Latchkey listens on ${url}\n`;
  const lines = [
    `Latchkey listens on ${url} (sandbox)`,
    `  API key     ${sandbox.apiKey}`,
    `  lock cloud  ${sandbox.lockCloudUrl}/simulator/locks`,
    `  docs        ${url}/docs`,
    `  data        ${config.dataDir}`,
    ...clockLines(sandbox.now, wall),
    '',
    `  curl -s ${url}/devices/list -H 'Authorization: Bearer ${sandbox.apiKey}' -X POST`,
    '',
  ];
  return `${lines.join('\n')}\n`;
}

function clockLines(now: number, wall: number): string[] {
  if (Math.abs(now - wall) < SAME_TIME_MS) return [];
  return [
    `  clock       ${iso(now)}, ${apart(now - wall)} this machine's`,
    '              npm start -- --reset-clock brings it back',
  ];
}

function apart(ms: number): string {
  const minutes = Math.round(Math.abs(ms) / 60_000);
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60)];
  const parts = [days && `${days} d`, hours && `${hours} h`, !days && minutes % 60 && `${minutes % 60} min`];
  return `${parts.filter(Boolean).join(' ')} ${ms > 0 ? 'ahead of' : 'behind'}`;
}

/**
 * The same for a log, in one line without the key, which does not belong in a file. It is written at every level but
 * `silent`.
 */
export function listening({ url, sandbox }: RunningServer): string {
  if (!sandbox) return `Latchkey listens on ${url}`;
  const cloud = `${sandbox.lockCloudUrl}/simulator/locks`;
  return `Latchkey listens on ${url} (sandbox), lock cloud ${cloud} ; npm run api-keys -- sandbox shows the API key`;
}
