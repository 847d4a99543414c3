import { chunks, ParsedJson, preparedIn, preparedRows } from '@latchkey/database';
import { ACCESS_CODE, type AccessCode, codeCodec } from '@latchkey/access-codes';
import {
  ACCOUNT,
  ACTION_ATTEMPT,
  type ActionAttempt,
  actionCodec,
  DEVICE,
  type Device,
  deviceCodec,
  DOOR,
  doorCodec,
  isOperated,
} from '@latchkey/devices';
import type { RecordedEvent } from '@latchkey/event-sourcing';
import type { Transaction } from 'kysely';
import type { Announced } from './confirmations';

export const TRANSLATOR_VERSION = 5;
export const TRANSLATOR = `translator_v${TRANSLATOR_VERSION}` as const;

export interface TranslatorTables {
  [TRANSLATOR]: {
    stream: string;
    /** Of devices: whose they are. */
    account_id: string | null;
    /** The folded state, as JSON. */
    state: string;
    /** Of codes: what integrations have been told, as JSON. */
    told: string | null;
  };
}

interface Row {
  state: unknown;
  accountId: string | null;
  told: Announced | null;
}

/** As many values as one statement is given. */
const CHUNK = 500;
const ROWS_AT_ONCE = 50;

type TranslatorRow = TranslatorTables[typeof TRANSLATOR];

const ofStreams = preparedIn<TranslatorTables, object, TranslatorRow>((db, _, streams) =>
  db.selectFrom(TRANSLATOR).selectAll().where('stream', 'in', streams),
);

const put = preparedRows<TranslatorTables, TranslatorRow>(
  ['stream', 'account_id', 'state', 'told'],
  (db, rows) =>
    db
      .insertInto(TRANSLATOR)
      .values(rows)
      .onConflict((conflict) =>
        conflict.column('stream').doUpdateSet((eb) => ({
          account_id: eb.ref('excluded.account_id'),
          state: eb.ref('excluded.state'),
          told: eb.ref('excluded.told'),
        })),
      ),
);

/** The states that one batch of events needs and changes: read before, kept in memory, written after. */
export class TranslatorStates {
  private readonly rows = new Map<string, Row>();
  private readonly changed = new Set<string>();
  private readonly asked = new Set<string>();

  constructor(private readonly trx: Transaction<TranslatorTables>) {}

  /** Reads the states of the events' streams, and of the devices and accounts around them. */
  async prepare(events: readonly RecordedEvent[]): Promise<void> {
    // Of a stream that begins here there is nothing yet.
    for (const { stream, revision } of events) if (revision === 0) this.asked.add(stream);
    await this.read(events.map((event) => event.stream));
    const around = new Set<string>();
    for (const [stream, { state }] of this.rows) {
      if (stream.startsWith(`${ACCESS_CODE}-`)) addAround(around, state as AccessCode);
      if (stream.startsWith(`${DEVICE}-`)) around.add(`${ACCOUNT}-${(state as Device).accountId}`);
      if (stream.startsWith(`${ACTION_ATTEMPT}-`)) addDevice(around, (state as ActionAttempt).deviceId);
    }
    for (const event of events) {
      if (event.type === 'CodeRequested' || event.type === 'UnmanagedCodeSeen') {
        const begun = codeCodec.decode(event);
        if (begun.type === 'CodeRequested' || begun.type === 'UnmanagedCodeSeen')
          addAround(around, begun.data);
      }
      if (event.type === 'PersonalDataErased') {
        const erased = codeCodec.decode(event);
        if (erased.type === 'PersonalDataErased') addAround(around, erased.data);
      }
      if (event.type === 'DeviceAdded') {
        const added = deviceCodec.decode(event);
        if (added.type === 'DeviceAdded') around.add(`${ACCOUNT}-${added.data.accountId}`);
      }
      if (event.stream.startsWith(`${DOOR}-`)) {
        const told = doorCodec.decode(event);
        addAround(around, told.data);
        if (isOperated(told) && told.data.codeId !== null) around.add(`${ACCESS_CODE}-${told.data.codeId}`);
      }
      if (event.type === 'ActionRequested') {
        const requested = actionCodec.decode(event);
        if (requested.type === 'ActionRequested') addDevice(around, requested.data.deviceId);
      }
    }
    await this.read([...around]);
    const accounts = events.filter((event) => event.stream.startsWith(`${ACCOUNT}-`));
    if (accounts.length > 0) {
      await this.readDevicesOf([...new Set(accounts.map((event) => event.stream.slice(ACCOUNT.length + 1)))]);
    }
  }

  get<S>(stream: string): S | null {
    return (this.rows.get(stream)?.state as S | undefined) ?? null;
  }

  told(stream: string): Announced | null {
    return this.rows.get(stream)?.told ?? null;
  }

  /** Devices of an account whose events are in this batch, in the order of their ids. */
  devicesOf(accountId: string): Device[] {
    const devices = [...this.rows.values()].filter((row) => row.accountId === accountId);
    return devices.map((row) => row.state as Device).sort((a, b) => (a.deviceId < b.deviceId ? -1 : 1));
  }

  put(
    stream: string,
    state: object,
    { accountId = null, told = null }: Partial<Omit<Row, 'state'>> = {},
  ): void {
    this.rows.set(stream, { state, accountId, told });
    this.changed.add(stream);
  }

  /** Nothing more will come of the stream. */
  remove(stream: string): void {
    this.rows.delete(stream);
    this.changed.add(stream);
  }

  async save(): Promise<void> {
    const changed = [...this.changed];
    for (const some of chunks(changed, ROWS_AT_ONCE)) {
      await this.saveSome(some);
    }
  }

  private async saveSome(streams: readonly string[]): Promise<void> {
    const over = streams.filter((stream) => !this.rows.has(stream));
    if (over.length > 0) await this.trx.deleteFrom(TRANSLATOR).where('stream', 'in', over).execute();
    const rows = streams.flatMap((stream) => {
      const row = this.rows.get(stream);
      if (!row) return [];
      const told = row.told && JSON.stringify(row.told);
      return [{ stream, account_id: row.accountId, state: JSON.stringify(row.state), told }];
    });
    if (rows.length === 0) return;
    await put.rows(this.trx, rows);
  }

  private async read(streams: readonly string[]): Promise<void> {
    const wanted = [...new Set(streams)].filter((stream) => !this.asked.has(stream));
    for (const some of chunks(wanted, CHUNK)) {
      for (const stream of some) this.asked.add(stream);
      this.take(await ofStreams.rows(this.trx, {}, some));
    }
  }

  private async readDevicesOf(accountIds: readonly string[]): Promise<void> {
    this.take(
      await this.trx.selectFrom(TRANSLATOR).selectAll().where('account_id', 'in', accountIds).execute(),
    );
  }

  private take(rows: TranslatorTables[typeof TRANSLATOR][]): void {
    for (const row of rows) {
      this.rows.set(row.stream, {
        state: isAround(row.stream) ? documents.read(row.stream, row.state) : JSON.parse(row.state),
        accountId: row.account_id,
        told: row.told === null ? null : (JSON.parse(row.told) as Announced),
      });
    }
  }
}

/** Devices and accounts are read with most batches. */
const documents = new ParsedJson<object>(2_000);

const isAround = (stream: string): boolean =>
  stream.startsWith(`${DEVICE}-`) || stream.startsWith(`${ACCOUNT}-`);

function addAround(
  around: Set<string>,
  { deviceId, accountId }: { deviceId: string; accountId: string },
): void {
  around.add(`${DEVICE}-${deviceId}`).add(`${ACCOUNT}-${accountId}`);
}

function addDevice(around: Set<string>, deviceId: string | null): void {
  if (deviceId !== null) around.add(`${DEVICE}-${deviceId}`);
}
