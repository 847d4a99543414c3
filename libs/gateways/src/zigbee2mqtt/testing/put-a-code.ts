import { createRequire } from 'node:module';
import { quietLogs } from '../quiet-logs';
import { SiteUnderTest } from './site-under-test';

/** A process of its own, whose whole output a spec reads: puts the PIN of its environment on a lock. */
async function main(): Promise<void> {
  quietLogs();
  const debug = createRequire(require.resolve('mqtt'))('debug') as (name: string) => (text: string) => void;
  debug('another')('heard by whoever debugs');
  const site = await SiteUnderTest.start();
  const { lock, device } = await site.pair({ users: 4 });
  const pin = process.env.PIN!;
  await site.adapter.program(lock, { name: null, pin, window: null });
  if (device.lock.opens(pin)) process.stdout.write('the lock has it\n');
  await site.close();
}

void main();
