import { spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { DAY, until } from '@latchkey/platform';
import { runLatchkey } from '../cli/testing/run-latchkey';
import { compile, type Compiled } from '../testing/compiled';
import { allGone, ownSettings, ServerProcess } from '../testing/server-process';

/** How long after the request the server is killed, ms: before it is decided, while it is carried out, afterwards. */
const KILLED_AFTER_MS = [5, 40, 120, 300];
const CODES = 6;

interface Erasure {
  readonly codes: readonly { readonly result: string }[];
}

describe('an erasure', () => {
  let compiled: Compiled;
  let env: NodeJS.ProcessEnv;
  let remove: () => void;
  let server: ServerProcess;
  beforeAll(async () => {
    compiled = compile();
    ({ env, remove } = await ownSettings());
    server = await ServerProcess.start(compiled, env);
  }, 60_000);
  afterAll(async () => {
    await server.end('SIGKILL');
    remove();
    compiled.remove();
  });

  const erase = async (params: object) =>
    (await server.api.ask<{ erasure: Erasure }>('/audit/erase', params)).erasure;
  /** The files of the data folder that hold a text; those that go while it looks hold none. */
  const filesWith = (text: string) =>
    spawnSync('grep', ['-rlasF', text, env.DATA_DIR!], { encoding: 'utf8' }).stdout;

  async function removedCodesOf(name: string): Promise<void> {
    const { deviceId } = await server.locks.named('Front Door');
    const starts = (await server.api.now()) + 30 * DAY;
    for (let n = 0; n < CODES; n++) {
      const window = { starts_at: starts + n * DAY, ends_at: starts + (n + 1) * DAY };
      const { access_code_id } = await server.api.create({ device_id: deviceId, name, ...window });
      await server.api.delete(access_code_id);
    }
    await until(async () => {
      const { codes } = await erase({ name, dry_run: true });
      return codes.length === CODES && codes.every(({ result }) => result === 'would_be_erased');
    });
  }

  it.each(KILLED_AFTER_MS)(
    'that is killed after %d ms leaves nothing of the name once it is asked for again, and the chain sound',
    async (ms) => {
      const name = `Hypatia the ${ms}th`;
      await removedCodesOf(name);
      expect(filesWith(name)).not.toBe('');
      const asked = erase({ name }).then(
        () => 'answered',
        () => 'cut off',
      );
      await delay(ms);
      const children = server.children();
      await server.end('SIGKILL');
      await allGone(children, 30_000);
      await asked;
      server = await ServerProcess.start(compiled, env);
      await until(async () => (await erase({ name })).codes.every(({ result }) => result === 'erased'), {
        within: 30_000,
        every: 200,
      });
      await until(() => filesWith(name) === '', { within: 30_000, every: 200 });
      const settings = { DATA_DIR: env.DATA_DIR, EVENTSTORE_PORT: env.EVENTSTORE_PORT };
      expect(await runLatchkey(settings, 'verify', 'history')).toMatchObject({ code: 0, complaint: '' });
      expect(await runLatchkey(settings, 'verify', 'views')).toMatchObject({ code: 0, complaint: '' });
    },
    120_000,
  );
});
