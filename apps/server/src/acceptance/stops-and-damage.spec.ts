import { MINUTE } from '@latchkey/platform';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { compile, type Compiled } from '../testing/compiled';
import { ownSettings, ServerProcess } from '../testing/server-process';

let compiled: Compiled;
let settings: Awaited<ReturnType<typeof ownSettings>>;
beforeAll(() => {
  compiled = compile();
}, 120_000);
afterAll(() => compiled.remove());
beforeEach(async () => {
  settings = await ownSettings();
});
afterEach(() => settings.remove());

const WRITES = 12;

interface Write {
  readonly key: string;
  readonly params: object;
}

interface Answered {
  readonly status: number;
  readonly codeId: string | undefined;
}

/**
 * Opens a connection and waits until the server has taken the request up: the body is asked for, and goes out with
 * what is returned. So a write is under way whatever the scheduler does, never in a queue that the stop throws away.
 */
async function open({ api }: ServerProcess, { key, params }: Write): Promise<() => Promise<Answered>> {
  const asking = request(`${api.url}/access_codes/create`, {
    method: 'POST',
    agent: false,
    headers: {
      authorization: `Bearer ${api.key}`,
      'content-type': 'application/json',
      'idempotency-key': key,
      expect: '100-continue',
    },
  });
  asking.flushHeaders();
  await once(asking, 'continue');
  return async () => {
    asking.end(JSON.stringify(params));
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    const body = (await json(response)) as { access_code?: { access_code_id: string } };
    return { status: response.statusCode!, codeId: body.access_code?.access_code_id };
  };
}

it.each([0, 5, 30, 100])(
  'writes in flight when the server is stopped %i ms later are answered or 503, and done once when tried again',
  async (stopAfterMs) => {
    const first = await ServerProcess.start(compiled, settings.env);
    const { deviceId: device_id } = await first.locks.named('Front Door');
    const writes = Array.from({ length: WRITES }, (_, n) => ({
      key: randomUUID(),
      params: { device_id, name: `Guest ${n}` },
    }));
    const opened = await Promise.all(writes.map((write) => open(first, write)));
    const asked = opened.map((send) => send());
    // Real time: the process is stopped at any point of its work.
    await delay(stopAfterMs);
    const ended = first.end('SIGTERM');
    const answers = await Promise.all(asked);
    for (const { status } of answers) expect([200, 503]).toContain(status);
    expect(await ended).toMatchObject({ code: 0, stderr: '' });

    const second = await ServerProcess.start(compiled, settings.env);
    const made: string[] = [];
    for (const [n, write] of writes.entries()) {
      const send = await open(second, write);
      const { status, codeId } = await send();
      expect(status).toBe(200);
      // What was answered before the stop is answered again.
      expect([codeId, undefined]).toContain(answers[n]!.codeId);
      made.push(codeId!);
    }
    expect(new Set(made).size).toBe(WRITES);
    await second.api.advance(MINUTE);
    const { access_codes } = await second.api.ask<{ access_codes: { name: string; status: string }[] }>(
      '/access_codes/list',
      { device_id },
    );
    expect(access_codes.map(({ name }) => name).sort()).toEqual(
      writes.map(({ params }) => params.name).sort(),
    );
    expect(new Set(access_codes.map(({ status }) => status))).toEqual(new Set(['set']));
    await second.end('SIGTERM');
  },
  120_000,
);

describe('an event store that is damaged in its older part', () => {
  const events = () => join(settings.env.DATA_DIR!, 'eventstore', 'events.db');
  const removeViews = () => {
    for (const name of ['views.db', 'feed.db'])
      for (const end of ['', '-wal', '-shm'])
        rmSync(join(settings.env.DATA_DIR!, name + end), { force: true });
  };
  const startedOnce = async () => {
    const server = await ServerProcess.start(compiled, settings.env);
    const { deviceId: device_id } = await server.locks.named('Front Door');
    const name = 'A name that is easily found';
    const { access_code_id } = await server.api.create({ device_id, name });
    for (let n = 0; n < 20; n++) await server.api.create({ device_id });
    await server.api.advance(MINUTE);
    await server.end('SIGTERM');
    return { name, id: access_code_id };
  };
  const refused = async () => {
    const { code, stdout, stderr } = await ServerProcess.spawn(compiled, settings.env).ended;
    return { code, stdout, lines: stderr.trimEnd().split('\n') };
  };

  it.each(['in an event', 'in a page'])(
    '%s keeps the server from building its views, and it says so in one line',
    async (where) => {
      const { name } = await startedOnce();
      const bytes = readFileSync(events());
      const at = bytes.indexOf(name);
      expect(at).toBeGreaterThan(0);
      if (where === 'in an event') bytes[at] = bytes[at]! ^ 1;
      else bytes.fill(0xa5, at - (at % 4096), at - (at % 4096) + 4096);
      writeFileSync(events(), bytes);
      removeViews();
      expect(await refused()).toEqual({
        code: 1,
        stdout: '',
        lines: [
          expect.stringMatching(
            /^latchkey: The event store can't start: .*events\.db is damaged .*; restore it from a backup$/,
          ),
        ],
      });
    },
    120_000,
  );
});
