import { createLogger, type Logger, MINUTE } from '@latchkey/platform';
import { RestartableServer } from '../testing/restartable-server';

const server = new RestartableServer();
beforeAll(() => server.start(), 60_000);
afterAll(() => server.discard());

/** A logger, and its errors. */
function listening(): { logger: Logger; errors: string[] } {
  const errors: string[] = [];
  const logger = createLogger('silent');
  logger.error = (_about: unknown, line?: string) => void (line && errors.push(line));
  return { logger, errors };
}

const missing = (errors: readonly string[]) => errors.filter((line) => /vault lacks the keys/.test(line));

it('says at the start how many codes an older vault lacks keys of, and the others on their lock work', async () => {
  const rule = { constraint_type: 'unique_first_four_digits' };
  const lock = await server.locks.add({ code_constraints: [rule] });
  const device_id = lock.deviceId;
  const kept = await server.api.create({ device_id, code: '4820' });
  const erased = await server.api.create({ device_id, code: '6503' });
  await server.api.advance(MINUTE);
  await server.stop();
  const putBack = ['vault.db', 'vault.db-wal']
    .filter((name) => server.has(name))
    .map((name) => server.backUp(name));

  const first = listening();
  await server.start(first.logger);
  const common_code_key = 'family';
  const now = await server.api.now();
  // One is on its lock, one is yet to be sent.
  const set = await server.api.create({ device_id, code: '7350', common_code_key });
  const window = { starts_at: now + 10 * MINUTE, ends_at: now + 600 * MINUTE };
  const ahead = await server.api.create({
    device_id,
    code: '9901',
    ...window,
    prefer_native_scheduling: false,
  });
  await server.api.advance(MINUTE);
  await server.api.delete(erased.access_code_id);
  await server.api.advance(MINUTE);
  await server.stop();
  expect(missing(first.errors)).toEqual([]);
  server.remove('vault.db-wal', 'vault.db-shm');
  for (const back of putBack) back();

  const second = listening();
  await server.start(second.logger);
  const { api, locks } = server;
  await api.advance(MINUTE);
  expect(missing(second.errors)).toEqual([
    expect.stringMatching(/^the vault lacks the keys of 2 access codes: .* Put back the backup of the vault/),
  ]);
  // The lock of the linked code does not know which PINs are on the first one: of these it can draw none.
  const elsewhere = await locks.add({ code_constraints: [{ constraint_type: 'no_zeros' }] });
  const linked = await api.create({ device_id: elsewhere.deviceId, common_code_key });
  let other = await api.create({ device_id, common_code_key: 'neighbours' });
  while (other.code === linked.code) {
    await api.delete(other.access_code_id);
    other = await api.create({ device_id, common_code_key: 'neighbours' });
  }
  await api.advance(15 * MINUTE);
  for (const { access_code_id } of [kept, other, linked])
    expect(await api.status(access_code_id)).toBe('set');
  for (const one of [kept, other]) expect(await locks.opens(lock, one.code!)).toBe(true);
  expect(await api.get(ahead.access_code_id)).toMatchObject({ code: null, errors: [expect.anything()] });

  // What the line says to do helps.
  await api.update(ahead.access_code_id, { code: '9901' });
  await api.update(set.access_code_id, { code: linked.code! });
  await api.advance(5 * MINUTE);
  expect(await api.get(ahead.access_code_id)).toMatchObject({ code: '9901', status: 'set', errors: [] });
  expect(await api.get(set.access_code_id)).toMatchObject({ code: linked.code, status: 'set', errors: [] });
  expect([await locks.opens(lock, '9901'), await locks.opens(lock, linked.code!)]).toEqual([true, true]);
}, 120_000);
