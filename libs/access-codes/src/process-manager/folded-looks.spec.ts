import { type Database, openDatabase } from '@latchkey/database';
import { projected, type RecordedEvent } from '@latchkey/event-sourcing';
import { DAY, HOUR } from '@latchkey/platform';
import { planSettings } from '../domain/circumstances';
import { CODE, OTHER, T0 } from '../domain/testing/builders';
import {
  aCode,
  ACCOUNT_ID,
  aLock,
  DEVICE,
  type FeatureProcess,
  type Given,
  NOT_NATIVE,
  onAccount,
  onCode,
  onKeypad,
  useFeature,
} from '../testing';
import { AgendaProjection } from './agenda';
import { AGENDA, type AgendaTables } from './agenda-tables';
import { FoldedLooks } from './folded-looks';

const stay = { startsAt: T0 + 10 * DAY, endsAt: T0 + 12 * DAY };
const disconnected = onAccount('AccountDisconnected', { reason: 'revoked' });
const delayed = onCode('SettingDelayed', {});
const another = aCode({ codeId: OTHER, pin: '5678', window: stay });
const movedWindow = onKeypad('PinReserved', { codeId: CODE, pin: '9999', window: null });

/** Codes alone: whatever else is due stays so. */
const rowsOf = ({ db }: Database<AgendaTables>) =>
  db
    .selectFrom(AGENDA)
    .select(['id', 'due_at', 'for_keypad'])
    .where('kind', '=', 'code')
    .orderBy('id')
    .execute();

describe('an agenda that is built from the beginning of history', () => {
  const feature = useFeature();
  /** What building it makes of the codes. */
  async function built() {
    const { store, clock, config } = feature.installation;
    const agenda = new AgendaProjection(
      clock,
      () => undefined,
      undefined,
      new FoldedLooks(clock, planSettings(config)),
    );
    const view = await projected<AgendaTables>({ on: 'memory', store, clock, projections: [agenda] });
    const rows = await rowsOf(view.database);
    await view.close();
    return rows;
  }
  const arranged = async (process: FeatureProcess) => {
    await process.rows.makeAllDue();
    await process.nextLooks.arrange();
  };

  it.each<[string, Given]>([
    ['one on a lock that keeps windows', [aLock(), aCode({ window: stay })]],
    ['one on any other', [aLock(NOT_NATIVE), aCode({ window: stay })]],
    ['two', [aLock(), aCode({ window: stay }), another]],
  ])('puts off what waits, as a look at all of it would: %s', async (_, given) => {
    await feature.given(given).when(arranged).then();
    expect(await built()).toEqual(await rowsOf(feature.installation.views as Database<AgendaTables>));
  });

  it.each<[string, Given]>([
    ['belongs onto its lock', [aLock(), aCode()]],
    ['is of an account that was disconnected before', [aLock(), disconnected, aCode({ window: stay })]],
    ['is of an account that was disconnected since', [aLock(), aCode({ window: stay }), disconnected]],
    ['has had something happen to it', [aLock(), aCode({ window: stay }), delayed]],
    ['has reserved another PIN since', [aLock(), aCode({ window: stay }), movedWindow]],
  ])('leaves due what %s', async (_, given) => {
    await feature.given(given).then();
    const [row] = await built();
    expect(row?.due_at).toBeLessThanOrEqual(T0 + HOUR);
  });

  it('leaves codes due where another process had begun it', async () => {
    await feature.given(aLock(), aCode({ window: stay })).then();
    const { store, clock, config } = feature.installation;
    const eventsOf = async (...streams: string[]) => {
      const events: RecordedEvent[] = [];
      for (const stream of streams) for await (const event of store.read(stream)) events.push(event);
      return events;
    };
    const ofLock = await eventsOf(`account-${ACCOUNT_ID}`, `device-${DEVICE}`);
    const ofCode = await eventsOf(`keypad-${DEVICE}`, `accessCode-${CODE}`);
    const dueAfter = async (...processes: readonly (readonly RecordedEvent[])[][]) => {
      const database = await openDatabase<AgendaTables>({ file: ':memory:', durability: 'normal' });
      for (const batches of processes) {
        const looks = new FoldedLooks(clock, planSettings(config));
        const agenda = new AgendaProjection(clock, () => undefined, undefined, looks);
        if (batches === processes[0]) await agenda.create(database.db as never);
        for (const batch of batches)
          await database.transaction((trx) => agenda.apply(trx as never, batch, { building: true }));
      }
      const [row] = await rowsOf(database);
      await database.close();
      return row?.due_at;
    };
    expect(await dueAfter([ofLock, ofCode])).toBe(stay.startsAt - 3 * DAY);
    expect(await dueAfter([ofLock], [ofLock, ofCode])).toBe(T0);
  });
});
