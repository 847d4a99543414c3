import { chunks, type Database, ParsedJson, preparedIn } from '@latchkey/database';
import { sql } from 'kysely';
import type { Account } from '../domain/account';
import type { Device } from '../domain/device';
import { ACCOUNTS, DEVICES, type DevicesTables, entryOf, METADATA } from './devices-projection';
import { type DeviceWithAccount, keptDevices } from './kept-devices';

/** How many ids one statement gets. */
const CHUNK = 1000;

/** How many documents of devices, and of accounts, are kept parsed. */
const KEPT = 2_000;
const devices = new ParsedJson<Device>(KEPT);
const accounts = new ParsedJson<Account>(KEPT);

/** A device and its account as the view has them. */
export interface DeviceRow {
  readonly device_id: string;
  readonly account_id: string;
  readonly device: string;
  readonly account: string | null;
  readonly locked: number | null;
}

const byIds = preparedIn<DevicesTables, object, DeviceRow>((db, _, ids) =>
  db
    .selectFrom(DEVICES)
    .leftJoin(ACCOUNTS, `${ACCOUNTS}.account_id`, `${DEVICES}.account_id`)
    .select([
      `${DEVICES}.device_id`,
      `${DEVICES}.account_id`,
      `${DEVICES}.locked`,
      `${DEVICES}.state as device`,
      `${ACCOUNTS}.state as account`,
    ])
    .where(`${DEVICES}.device_id`, 'in', ids),
);

/** Devices and their accounts by id, also those of accounts that are gone; ids that are unknown are left out. */
export function readDevices(
  database: Database<DevicesTables>,
  deviceIds: readonly string[],
): Promise<ReadonlyMap<string, DeviceWithAccount>> {
  return keptDevices.of(database).getAll([...new Set(deviceIds)], async (missing) => {
    const found = new Map<string, DeviceWithAccount>();
    for (const some of chunks(missing, CHUNK)) {
      for (const row of await byIds.rows(database.db, {}, some)) found.set(row.device_id, parsed(row));
    }
    return found;
  });
}

export function parsed(row: DeviceRow): DeviceWithAccount {
  return {
    device: devices.read(row.device_id, row.device),
    account: row.account === null ? null : accounts.read(row.account_id, row.account),
    locked: row.locked === null ? null : row.locked === 1,
  };
}

/** A condition that holds where `column` (lower-case text) contains the search text. */
export function contains(column: string, search: string) {
  const pattern = `%${search.toLowerCase().replace(/[\\%_]/g, (special) => `\\${special}`)}%`;
  return sql<boolean>`${sql.ref(column)} like ${pattern} escape '\\'`;
}

/**
 * A condition that holds where the metadata of `owner` (a column of ids) has every one of these entries. A query string
 * can't tell `true` from "true": the text finds either.
 */
export function hasMetadata(owner: string, wanted: Readonly<Record<string, string | boolean>>) {
  const entries = Object.entries(wanted).map(
    ([name, value]) =>
      sql<boolean>`exists (select 1 from ${sql.table(METADATA)} where owner_id = ${sql.ref(owner)} and entry in (${sql.join(meant(value).map((each) => entryOf(name, each)))}))`,
  );
  return sql.join<boolean>(entries, sql` and `);
}

/** The values that a filter's value may stand for. */
export function meant(value: string | boolean): (string | boolean)[] {
  return value === 'true' ? [value, true] : value === 'false' ? [value, false] : [value];
}
