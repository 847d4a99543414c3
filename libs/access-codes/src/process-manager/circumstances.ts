import type { KnownRevisions } from '@latchkey/event-sourcing';
import type { AccessCode } from '../domain/access-code';
import type { Circumstances, PlanSettings } from '../domain/circumstances';
import type { Streams } from '../streams';
import type { AgendaClaim } from './agenda-rows';

/** What codes are planned with. */
export interface PlannedWith {
  readonly streams: Streams;
  readonly settings: PlanSettings;
  /** Between which instants it is, ms. */
  readonly bounds: () => { readonly earliest: number; readonly latest: number };
}

interface From extends PlannedWith {
  readonly known: KnownRevisions;
}

/** What a code's next step depends on besides itself, from memory or from the store. */
export async function circumstancesOf(
  claim: Pick<AgendaClaim, 'id' | 'deviceId'>,
  code: AccessCode | null,
  now: number,
  from: From,
): Promise<Circumstances> {
  const { streams, known } = from;
  const deviceId = code?.deviceId ?? claim.deviceId ?? '';
  const [around, keypad] = await Promise.all([
    surroundingsOf(deviceId, code, now, from),
    streams.keypadFor(deviceId, code ?? { codeId: claim.id }, known.atLeast(streams.keypadStream(deviceId))),
  ]);
  return { ...around, keypad };
}

/** The same without the keypad, which each code sees in its own way. */
export async function surroundingsOf(
  deviceId: string,
  code: AccessCode | null,
  now: number,
  from: From,
): Promise<Omit<Circumstances, 'keypad'>> {
  const { streams, known, settings, bounds } = from;
  const stream = streams.devices.streamOf(deviceId);
  const device = await streams.devices.load(deviceId, known.atLeast(stream));
  known.loaded(stream, device.revision);
  const accountId = device.state?.accountId ?? code?.accountId;
  const account = accountId ? await accountOf(accountId, from) : null;
  return { device: device.state, account, now, ...bounds(), settings };
}

async function accountOf(accountId: string, { streams, known }: From) {
  const stream = streams.accounts.streamOf(accountId);
  const { state, revision } = await streams.accounts.load(accountId, known.atLeast(stream));
  known.loaded(stream, revision);
  return state;
}
