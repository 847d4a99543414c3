import { z } from 'zod';
import { type AccountRef, type Answer, type LockReport } from '../lock-gateway';
import { notUnderstood } from './answers';
import { type MakerApi } from './maker-api';
import { scrubErrorCode } from './scrub';
import { instant } from './wire';

/** All that a lock maker can report. */
const reported = [
  'device.added',
  'device.removed',
  'device.online',
  'device.offline',
  'device.low_battery',
  'device.time_wrong',
  'bridge.offline',
  'lock.action_completed',
  'access_code.created',
  'access_code.updated',
  'access_code.deleted',
  'access_code.used',
  'access_code.incorrect_attempt',
];

const id = z.union([z.string().min(1), z.number().int()]).transform(String);

const webhook = z.looseObject({
  webhook_id: id,
  url: z.string().nullish(),
  events: z.array(z.string()).nullish(),
});

/**
 * Makes the maker report what the account's locks do to `url`. A webhook that is already there is left as it
 * is; makers that do not list them (that is no part of the guide) are asked to make it again.
 */
export async function registerWebhook(
  api: MakerApi,
  account: AccountRef,
  url: string,
): Promise<Answer<{ webhookId: string }>> {
  const listed = await api.call(account, { method: 'GET', path: ['webhooks'], secrets: [url] });
  if (listed.kind === 'unauthorized' || listed.kind === 'unreachable') return listed;
  const known =
    listed.kind === 'ok' ? z.looseObject({ webhooks: z.array(webhook) }).safeParse(listed.body) : null;
  const same = known?.data?.webhooks.find(
    (one) => one.url === url && reported.every((event) => one.events?.includes(event) ?? false),
  );
  if (same !== undefined) return { kind: 'answered', value: { webhookId: same.webhook_id } };
  const answer = await api.call(account, {
    method: 'POST',
    path: ['webhooks'],
    body: { url, events: reported },
    secrets: [url],
  });
  if (answer.kind !== 'ok') return answer;
  const made = webhook.safeParse(answer.body);
  if (made.success) return { kind: 'answered', value: { webhookId: made.data.webhook_id } };
  const maker = api.maker(account);
  return 'message' in maker ? maker : notUnderstood(maker, 'no webhook_id');
}

/** Ends the account's webhooks that lead to an address with this ending. What is not there need not end. */
export async function unregisterWebhooks(
  api: MakerApi,
  account: AccountRef,
  urlEnding: string,
): Promise<Answer<{ ended: number }>> {
  const listed = await api.call(account, { method: 'GET', path: ['webhooks'], secrets: [urlEnding] });
  if (listed.kind !== 'ok') return listed;
  const known = z.looseObject({ webhooks: z.array(webhook) }).safeParse(listed.body);
  const ours = known.data?.webhooks.filter(({ url }) => url?.endsWith(urlEnding) ?? false) ?? [];
  for (const { webhook_id } of ours) {
    const path = ['webhooks', webhook_id];
    const ended = await api.call(account, { method: 'DELETE', path, secrets: [urlEnding] });
    if (ended.kind !== 'ok' && !(ended.kind === 'refused' && ended.errorCode === 'NOT_FOUND')) return ended;
  }
  return { kind: 'answered', value: { ended: ours.length } };
}

/** A body that is no report. Says where it is wrong and repeats nothing of it. */
export class MalformedReport extends Error {
  override readonly name = 'MalformedReport';
}

const text = z.string().min(1);
const outcome = z.enum(['success', 'failed']);
const errorCode = (code: unknown): string | null =>
  code == null ? null : (scrubErrorCode(code, []) ?? 'UNSPECIFIED');
const timestamp = instant
  .transform((ms) => new Date(ms).toISOString())
  .nullish()
  .catch(null);

const envelope = z.looseObject({ event_type: text, event_id: id.nullish().catch(null) });
const device = z
  .looseObject({ device_id: id.nullish(), lock_id: id.nullish(), timestamp })
  .refine(({ device_id, lock_id }) => (device_id ?? lock_id) != null, { path: ['device_id'] });
const codeOutcome = z.looseObject({
  access_code_id: id,
  status: outcome,
  error_code: z.unknown().optional(),
});
const codeUse = z.looseObject({ access_code_id: id.nullish() });
const actionOutcome = z.looseObject({
  custom_id: id.nullish(),
  action_id: id.nullish(),
  status: outcome,
  error_code: z.unknown().optional(),
  action: z.enum(['lock', 'unlock']).nullish().catch(null),
  performed_via: z
    .enum(['pin_code', 'mobile_app', 'remote_api', 'bluetooth_key', 'fob_card', 'manual_turn'])
    .nullish()
    .catch(null),
});

/**
 * Reads the body of a lock maker's webhook. Null: an event that we do not know, or that is about no lock (a
 * bridge without a device: the next look at the locks shows what it means).
 * @throws {MalformedReport} if it is no event, or lacks what its type needs
 */
export function parseReport(body: unknown): LockReport | null {
  const { event_type: type, event_id } = read(envelope, body);
  if (!reported.includes(type)) return null;
  if (type === 'bridge.offline' && !device.safeParse(body).success) return null;
  const { device_id, lock_id, timestamp: at = null } = read(device, body);
  const lockId = (device_id ?? lock_id) as string;
  const own = event_id == null ? {} : { id: event_id };
  switch (type) {
    case 'access_code.created':
    case 'access_code.updated':
    case 'access_code.deleted': {
      const code = read(codeOutcome, body);
      return {
        kind: 'code-outcome',
        operation: type.slice('access_code.'.length) as 'created' | 'updated' | 'deleted',
        lockId,
        lockCodeId: code.access_code_id,
        success: code.status === 'success',
        errorCode: errorCode(code.error_code),
      };
    }
    case 'access_code.used':
      return {
        kind: 'code-used',
        lockId,
        lockCodeId: read(codeUse, body).access_code_id ?? null,
        at,
        ...own,
      };
    case 'access_code.incorrect_attempt':
      return { kind: 'incorrect-attempt', lockId, at, ...own };
    case 'lock.action_completed': {
      const action = read(actionOutcome, body);
      return {
        kind: 'action-completed',
        lockId,
        // Ours, if the action was; the maker's own for what people do at the door.
        actionId: action.custom_id ?? action.action_id ?? null,
        success: action.status === 'success',
        errorCode: errorCode(action.error_code),
        performedVia: action.performed_via ?? null,
        ...(action.action == null ? {} : { action: action.action }),
        ...own,
      };
    }
    default:
      return { kind: conditions[type] as 'online', lockId };
  }
}

const conditions: Record<string, 'online' | 'offline' | 'low-battery' | 'time-wrong' | 'added' | 'removed'> =
  {
    'device.added': 'added',
    'device.removed': 'removed',
    'device.online': 'online',
    'device.offline': 'offline',
    'device.low_battery': 'low-battery',
    'device.time_wrong': 'time-wrong',
    'bridge.offline': 'offline',
  };

function read<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const where = result.error.issues[0]?.path.join('.') ?? '';
  throw new MalformedReport(
    where === '' ? 'The report is not an object.' : `The report's ${where} is missing or wrong.`,
  );
}
