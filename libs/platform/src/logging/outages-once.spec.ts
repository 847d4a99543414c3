import { Outage } from '../errors/outage';
import { createLogger } from './logger';
import { outagesOnce } from './outages-once';

describe('the log of an outage', () => {
  it('is logged in one short line, however many meet it', () => {
    const lines: string[] = [];
    const logger = createLogger('info', { write: (line) => void lines.push(line) });
    const silent = (part: string) => new Outage(part, `no answer\n${'x'.repeat(3_000)}`);
    for (let n = 0; n < 20; n++) logger.warn({ err: silent('event store'), n }, 'a subscription broke');
    logger.child({ of: 'child' }).error({ err: silent('event store') }, 'not done');
    logger.error(silent('database'));
    logger.error({ err: new Error('broken') }, 'not done');

    const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(entries.map(({ msg }) => msg)).toEqual([
      'a subscription broke: the event store can not be used: no answer',
      'the database can not be used: no answer',
      'not done',
    ]);
    expect(entries[0]).toMatchObject({ level: 'warn', part: 'event store', n: 0 });
    expect(lines[0]!.length).toBeLessThan(300);
  });

  it('tells of the next one', () => {
    let now = 0;
    const told: number[] = [];
    const hook = outagesOnce(() => now);
    for (now of [0, 50_000, 100_000, 161_000])
      hook.call(undefined, [new Outage('x', 'y')] as never, () => told.push(now));
    expect(told).toEqual([0, 161_000]);
  });
});
