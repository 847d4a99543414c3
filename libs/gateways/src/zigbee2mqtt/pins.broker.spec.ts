import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { programArguments } from '@latchkey/platform';
import type { Answer, WriteAnswer } from '../lock-gateway';
import { SiteUnderTest } from './testing/site-under-test';

const PIN = '73041956';
const OLD = '60418273';

/** Lives of codes, with all that goes wrong: refused, timed out, unknown, read back. */
async function lives(site: SiteUnderTest): Promise<(Answer<unknown> | WriteAnswer)[]> {
  const { lock, device } = await site.pair({ users: 6 });
  const code = (pin: string) => ({ name: null, pin, window: null });
  const answers: (Answer<unknown> | WriteAnswer)[] = [
    await site.adapter.program(lock, code(OLD)),
    await site.adapter.change(lock, '3', code(PIN)),
    await site.adapter.program(lock, code(PIN)),
  ];
  device.lock.type(PIN);
  device.lock.faults.diesAfterWrite = true;
  answers.push(await site.adapter.program(lock, code(OLD)));
  device.lock.faults.dead = false;
  answers.push(await site.adapter.remove(lock, '3'));
  await site.broker.kill();
  answers.push(await site.adapter.program(lock, code(PIN)));
  return answers;
}

it('no PIN is in what is answered, reported or logged, by us or by the package, at any level', async () => {
  const site = await SiteUnderTest.start();
  const answers = await lives(site);
  await site.close();
  expect(answers.map(({ kind }) => kind)).toEqual([
    ...['accepted', 'accepted', 'refused', 'unknown', 'accepted', 'unreachable'],
  ]);
  const said = JSON.stringify([answers, site.reports, site.logged]);
  expect(said).not.toContain(PIN);
  expect(said).not.toContain(OLD);
});

it('the package logs no PIN either when all its logs are on', async () => {
  const env = { ...process.env, DEBUG: '*', PIN };
  const child = spawn(process.execPath, programArguments(join(__dirname, 'testing/put-a-code')), { env });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const code = await new Promise((resolve) => child.once('exit', resolve));
  expect(said).toContain('the lock has it');
  expect(code).toBe(0);
  // Other logs are on.
  expect(said).toContain('heard by whoever debugs');
  expect(said).not.toContain(PIN);
});
