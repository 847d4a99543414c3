import { MINUTE } from '@latchkey/platform';
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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

interface Asked {
  /** 'not taken': the connection was refused, nothing was asked. */
  readonly status: number | 'not taken';
  readonly codeId: string | undefined;
}

async function create(url: string, apiKey: string, key: string, params: object): Promise<Asked> {
  try {
    const answer = await fetch(`${url}/access_codes/create`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${apiKey}`,
        'content-type': 'application/json',
        'idempotency-key': key,
      },
      body: JSON.stringify(params),
    });
    const body = (await answer.json()) as { access_code?: { access_code_id: string } };
    return { status: answer.status, codeId: body.access_code?.access_code_id };
  } catch (error) {
    const { cause } = error as { cause?: { code?: string } };
    if (cause?.code !== 'ECONNREFUSED') throw error;
    return { status: 'not taken', codeId: undefined };
  }
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
    const asked = writes.map(({ key, params }) => create(first.api.url, first.api.key, key, params));
    await delay(stopAfterMs);
    const ended = first.end('SIGTERM');
    const answers = await Promise.all(asked);
    for (const { status } of answers) expect([200, 503, 'not taken']).toContain(status);
    expect(await ended).toMatchObject({ code: 0, stderr: '' });

    const second = await ServerProcess.start(compiled, settings.env);
    const made: string[] = [];
    for (const [n, { key, params }] of writes.entries()) {
      const { status, codeId } = await create(second.api.url, second.api.key, key, params);
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
