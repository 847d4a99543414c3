import {
  ACCESS_CODE,
  type AccessCode,
  codeCodec,
  type CodeEventOf,
  codeFold,
  type LeadTimes,
} from '@latchkey/access-codes';
import {
  type Account,
  ACCOUNT,
  accountCodec,
  accountFold,
  ACTION_ATTEMPT,
  type ActionAttempt,
  actionCodec,
  actionFold,
  CONNECT_WEBVIEW,
  DEVICE,
  type Device,
  deviceCodec,
  deviceFold,
  DOOR,
  doorCodec,
  isOperated,
  loginCodec,
} from '@latchkey/devices';
import {
  type EarlierVersion,
  type EventStore,
  folding,
  positionToText,
  type Projection,
  readerOf,
  type RecordedEvent,
  type Tables,
} from '@latchkey/event-sourcing';
import { derivedId, iso } from '@latchkey/platform';
import type { Kysely, Transaction } from 'kysely';
import { type Draft, publicStreamOf } from '../public-event';
import { PERSONAL_DATA_ERASED } from '../nameless';
import { actionDrafts } from './action-drafts';
import { codeDrafts } from './code-drafts';
import { withBackground } from './background';
import { accountDrafts, deviceDrafts } from './device-drafts';
import { doorDrafts } from './door-drafts';
import { ToldEarlier } from './earlier-version';
import { type PublicEvent, PublicStreams, type ToldAmong } from './public-stream';
import { TRANSLATOR, TRANSLATOR_VERSION, type TranslatorTables, TranslatorStates } from './translator-states';

/**
 * Tells integrations what happens, in the API's words: folds the domain's events and appends what they mean to
 * the workspace's public stream. It is a projection whose rows are the states that it compares; repeated, or
 * built again, it appends nothing that is there, and what is missing there. A version that finds more to tell of facts
 * than the one before has a number of its own, so that old facts are not told as news: see ToldEarlier.
 */
export class Translator implements Projection {
  readonly name = 'translator';
  readonly version = TRANSLATOR_VERSION;
  readonly tables = [TRANSLATOR];
  readonly prefixes = [ACCESS_CODE, DEVICE, ACCOUNT, DOOR, ACTION_ATTEMPT, CONNECT_WEBVIEW].map(
    (category) => `${category}-`,
  );
  readonly read = readerOf({
    [ACCESS_CODE]: codeCodec,
    [DEVICE]: deviceCodec,
    [ACCOUNT]: accountCodec,
    [DOOR]: doorCodec,
    [ACTION_ATTEMPT]: actionCodec,
    [CONNECT_WEBVIEW]: loginCodec,
  });
  private readonly streams: PublicStreams;
  private earlier: ToldEarlier | undefined;

  constructor(
    store: EventStore,
    private readonly settings: LeadTimes,
    /** Which events the feed beside it lists: they need not be looked for in their streams. */
    private readonly listed: (
      trx: Transaction<Tables>,
      ids: readonly string[],
    ) => ReturnType<ToldAmong> = () => Promise.resolve(new Set()),
  ) {
    this.streams = new PublicStreams(store);
  }

  async create(db: Kysely<Tables>, earlier?: EarlierVersion): Promise<void> {
    await db.schema
      .createTable(TRANSLATOR)
      .addColumn('stream', 'text', (c) => c.primaryKey())
      .addColumn('account_id', 'text')
      .addColumn('state', 'text', (c) => c.notNull())
      .addColumn('told', 'text')
      .execute();
    await db.schema
      .createIndex(`translator_by_account_v${TRANSLATOR_VERSION}`)
      .on(TRANSLATOR)
      .column('account_id')
      .execute();
    await ToldEarlier.create(db, earlier);
    this.earlier = undefined;
  }

  async drop(db: Kysely<Tables>, version: number): Promise<void> {
    await db.schema.dropTable(`translator_v${version}`).ifExists().execute();
    await ToldEarlier.drop(db, version);
  }

  async apply(trx: Transaction<Tables>, events: readonly RecordedEvent[]): Promise<void> {
    const states = new TranslatorStates(trx as Transaction<TranslatorTables>);
    await states.prepare(events);
    const earlier = (this.earlier ??= await ToldEarlier.load(trx));
    const toldEarlier = new Set<PublicEvent>();
    const byStream = new Map<string, PublicEvent[]>();
    for (const recorded of events) {
      const { workspaceId, told } = folding(recorded, () => this.publicEventsOf(recorded, states));
      if (told.length === 0 || workspaceId === null) continue;
      const stream = publicStreamOf(workspaceId);
      const waiting = byStream.get(stream) ?? [];
      byStream.set(stream, waiting);
      waiting.push(...told);
      if (earlier.has(recorded)) for (const each of told) toldEarlier.add(each);
    }
    await states.save();
    for (const [stream, waiting] of byStream) {
      const countsAsTold = (event: PublicEvent) => toldEarlier.has(event);
      await this.streams.append(stream, waiting, countsAsTold, (ids) => this.listed(trx, ids));
    }
  }

  private publicEventsOf(recorded: RecordedEvent, states: TranslatorStates) {
    const { drafts: bare, workspaceId } = this.translate(recorded, states);
    if (workspaceId === null) return { workspaceId, told: [] };
    const drafts = bare.map((draft) => withBackground(draft, states));
    const told = drafts.map((draft, index) => publicEvent(draft, drafts, index, recorded, workspaceId));
    return { workspaceId, told };
  }

  private ofCode(
    recorded: RecordedEvent,
    states: TranslatorStates,
  ): { drafts: Draft[]; workspaceId: string } | undefined {
    const { stream } = recorded;
    const event = codeCodec.decode(recorded);
    const before = states.get<AccessCode>(stream);
    const after = codeFold.evolve(before, event);
    if (event.type === 'PersonalDataErased') {
      const told = states.told(stream);
      if (after) states.put(stream, after, { told: told && { ...told, name: null } });
      return erasedDrafts(stream.slice(ACCESS_CODE.length + 1), event.data);
    }
    if (!after) return undefined;
    const around = {
      device: states.get<Device>(`${DEVICE}-${after.deviceId}`),
      account: states.get<Account>(`${ACCOUNT}-${after.accountId}`),
      settings: this.settings,
    };
    const { drafts, told } = codeDrafts({ event, before, after }, states.told(stream), around);
    const over =
      event.type === 'Forgotten' ||
      event.type === 'UnmanagedCodeGone' ||
      (event.type === 'Removed' && event.data.cause === 'deleted');
    if (over) states.remove(stream);
    else states.put(stream, after, { told });
    return { drafts, workspaceId: after.workspaceId };
  }

  private translate(
    recorded: RecordedEvent,
    states: TranslatorStates,
  ): { drafts: Draft[]; workspaceId: string | null } {
    const { stream } = recorded;
    const nothing = { drafts: [], workspaceId: null };
    if (stream.startsWith(`${ACCESS_CODE}-`)) return this.ofCode(recorded, states) ?? nothing;
    if (stream.startsWith(`${DOOR}-`)) {
      const event = doorCodec.decode(recorded);
      const used = isOperated(event) ? event.data.codeId : null;
      const code = used === null ? null : states.get<AccessCode>(`${ACCESS_CODE}-${used}`);
      return { drafts: doorDrafts(event, code), workspaceId: event.data.workspaceId };
    }
    if (stream.startsWith(`${ACTION_ATTEMPT}-`)) {
      const event = actionCodec.decode(recorded);
      const after = actionFold.evolve(states.get<ActionAttempt>(stream), event);
      if (!after) return nothing;
      if (event.type === 'ActionRequested') states.put(stream, after);
      else states.remove(stream);
      return { drafts: actionDrafts(event, after), workspaceId: after.workspaceId };
    }
    if (stream.startsWith(`${CONNECT_WEBVIEW}-`)) {
      const { connectWebviewId, workspaceId } = loginCodec.decode(recorded).data;
      const body = { connect_webview_id: connectWebviewId };
      return { drafts: [{ type: 'connect_webview.login_failed', body }], workspaceId };
    }
    if (stream.startsWith(`${DEVICE}-`)) {
      const event = deviceCodec.decode(recorded);
      const before = states.get<Device>(stream);
      const after = deviceFold.evolve(before, event);
      if (!after) return nothing;
      states.put(stream, after, { accountId: after.accountId });
      const account = states.get<Account>(`${ACCOUNT}-${after.accountId}`);
      return { drafts: deviceDrafts({ event, before, after }, account), workspaceId: after.workspaceId };
    }
    const event = accountCodec.decode(recorded);
    const after = accountFold.evolve(states.get<Account>(stream), event);
    if (!after) return nothing;
    states.put(stream, after);
    const drafts = accountDrafts(event, after, states.devicesOf(after.accountId));
    return { drafts, workspaceId: after.workspaceId };
  }
}

/** Of a code that was deleted nothing is kept by then: it is told all the same. */
function erasedDrafts(
  codeId: string,
  { workspaceId, deviceId, accountId }: CodeEventOf<'PersonalDataErased'>['data'],
): { drafts: Draft[]; workspaceId: string } {
  const body = { access_code_id: codeId, device_id: deviceId, connected_account_id: accountId };
  return { drafts: [{ type: PERSONAL_DATA_ERASED, body }], workspaceId };
}

function publicEvent(
  draft: Draft,
  all: readonly Draft[],
  index: number,
  source: RecordedEvent,
  workspaceId: string,
): PublicEvent {
  const nth = all.slice(0, index).filter((other) => other.type === draft.type).length;
  const id = derivedId(source.id, `${draft.type}:${draft.key ?? nth}`);
  const { metadata } = source;
  const at = iso(Date.parse(metadata.occurredAt));
  return {
    id,
    type: draft.type,
    data: {
      event_id: id,
      event_type: draft.type,
      workspace_id: workspaceId,
      created_at: at,
      occurred_at: at,
      ...draft.body,
      ...(draft.pins && draft.pins.length > 0 ? { sealed_pins: draft.pins } : {}),
    },
    metadata: {
      $correlationId: metadata.$correlationId,
      $causationId: source.id,
      actor: metadata.actor,
      workspaceId,
      schemaVersion: 1,
      occurredAt: at,
      sourcePosition: positionToText(source.position),
    },
  };
}
