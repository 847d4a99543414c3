import { DAY, HOUR, loadConfig, MINUTE } from '@latchkey/platform';
import { listening, welcome } from './banner';
import type { RunningServer } from './server';

const WALL = Date.UTC(2030, 0, 1);

const server = (now: number): RunningServer => ({
  url: 'http://127.0.0.1:3000',
  config: loadConfig({}),
  sandbox: { workspaceId: 'w', apiKey: 'seam_key', lockCloudUrl: 'http://127.0.0.1:3100', now },
  failed: new Promise(() => undefined),
  close: () => Promise.resolve(),
});

test('the banner shows the key, and the clock where it is not the wall’s', () => {
  expect(welcome(server(WALL + 20_000), WALL)).not.toContain('clock ');
  const ahead = welcome(server(WALL + 4 * DAY + 5 * HOUR), WALL);
  expect(ahead).toContain('seam_key');
  expect(ahead).toContain("2030-01-05T05:00:00.000Z, 4 d 5 h ahead of this machine's");
  expect(ahead).toContain('--reset-clock');
  expect(welcome(server(WALL - 90 * MINUTE), WALL)).toContain('1 h 30 min behind');
});

test('the line for a log has no key, and says how to get it', () => {
  expect(listening(server(WALL))).not.toContain('seam_');
  expect(listening(server(WALL))).toContain('npm run api-keys -- sandbox');
  expect(listening({ ...server(WALL), sandbox: undefined })).toBe(
    'Latchkey listens on http://127.0.0.1:3000',
  );
});
