import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killRun } from './kill-run';

describe('a node that is killed under load', () => {
  it('loses nothing it acknowledged, doubles nothing, and no subscriber misses an event', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'eventstore-kill-'));
    try {
      const result = await killRun({
        dataDir,
        kills: 3,
        writers: 16,
        subscribers: 4,
        lifetime: [200, 600],
        random: Math.random,
      });

      expect(result).toMatchObject({ lost: [], doubled: [], missedOrRepeated: [], undelivered: [] });
      expect(result.acknowledged).toBeGreaterThan(50);
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  }, 60_000);
});
