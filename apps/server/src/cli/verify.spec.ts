import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Libsql from 'libsql';
import { AGENDA, CODES } from '@latchkey/access-codes';
import { HOUR, MINUTE } from '@latchkey/platform';
import { ServerWorld } from '../testing/server-world';
import { runLatchkey } from './testing/run-latchkey';

const VIEWS = [
  'devices',
  'codes',
  'attempts',
  'finished',
  'erasures',
  'agenda',
  'feed',
  'translator',
  'audit',
];

describe('verify views', () => {
  let world: ServerWorld;
  let ended = false;
  let codeId: string;
  let otherId: string;
  const run = (...args: string[]) => runLatchkey({ DATA_DIR: world.dataDir }, ...args);
  /** Somebody else's hand on a database that the server has open. */
  const change = (file: string, ...statements: string[]) => {
    const db = new Libsql(join(world.dataDir, file));
    db.pragma('busy_timeout = 5000');
    for (const statement of statements) db.exec(statement);
    db.close();
  };

  beforeAll(async () => {
    world = await ServerWorld.start();
    const { deviceId } = await world.locks.named('Front Door');
    ({ access_code_id: otherId } = await world.api.create({ device_id: deviceId, code: '582941' }));
    for (const code of ['118822', '903517']) {
      ({ access_code_id: codeId } = await world.api.create({
        device_id: deviceId,
        code,
        name: `Guest ${code}`,
      }));
    }
    await world.api.advance(HOUR);
    await world.api.ask('/access_codes/update', { access_code_id: codeId, code: '445566' });
    const gone = await world.api.create({ device_id: deviceId, code: '777123' });
    await world.api.advance(MINUTE);
    await world.api.ask('/access_codes/delete', { access_code_id: gone.access_code_id });
    await world.api.advance(HOUR);
  });
  afterAll(async () => {
    if (!ended) await world.stop();
  });

  test('the views of a running server are what the facts make of them', async () => {
    const verified = await run('verify', 'views');
    expect(verified).toMatchObject({ code: 0, complaint: '' });
    const lines = verified.out.split('\n');
    expect(lines.map((line) => line.split(':')[0])).toEqual(VIEWS);
    const [left] = lines.splice(VIEWS.indexOf('erasures'), 1);
    // A view that no fact concerned writes down how far it is once a second: a quick start is not that far yet.
    expect(left).toMatch(/: 0 rows at (the beginning|\d+\/\d+), agrees with its facts$/);
    for (const line of lines) expect(line).toMatch(/: [1-9]\d* rows at \d+\/\d+, agrees with its facts$/);
    expect(existsSync(join(world.dataDir, 'verify'))).toBe(false);
  });

  test('each difference is shown, and nothing of a PIN', async () => {
    change(
      'views.db',
      `update ${CODES} set live_at = null, pin_fingerprint = 'x',
        state = json_set(state, '$.wanted.name', 'Eve', '$.wanted.pin', '445566') where code_id = '${codeId}'`,
      `delete from ${AGENDA} where subject = 'code:${otherId}'`,
    );
    const verified = await run('verify', 'views', '--json');
    expect(verified).toMatchObject({ code: 1, complaint: expect.stringMatching(/codes, agenda/) });
    const found = verified.out.split('\n').map((line) => JSON.parse(line) as object);
    expect(found).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          view: 'codes',
          table: CODES,
          key: codeId,
          column: 'live_at',
          found: 'null',
        }),
        expect.objectContaining({ column: 'state.wanted.name', expected: 'Guest 903517', found: 'Eve' }),
        expect.objectContaining({ column: 'pin_fingerprint', expected: '[hidden]', found: '[hidden]' }),
        expect.objectContaining({ column: 'state.wanted.pin', expected: '[hidden]', found: '[hidden]' }),
        expect.objectContaining({
          view: 'agenda',
          key: `code:${otherId}`,
          expected: 'a row',
          found: 'no row',
        }),
      ]),
    );
    expect(found).toHaveLength(5);
    expect(verified.out).not.toMatch(/445566|box/);
    const one = await run('verify', 'views', '--view', 'devices');
    expect(one).toMatchObject({ code: 0, out: expect.stringMatching(/^devices: .* agrees with its facts$/) });
  });

  test('an unknown view is refused with the names of those there are', async () => {
    expect(await run('verify', 'views', '--view', 'nonsense')).toEqual({
      code: 1,
      out: '',
      complaint: `There is no view nonsense. There are: ${VIEWS.join(', ')}.`,
    });
  });

  test('a server that has ended is looked after as well', async () => {
    await world.shutDown();
    ended = true;
    const verified = await run('verify', 'views', '--view', 'feed');
    expect(verified).toMatchObject({ code: 0, complaint: '' });
  });
});
