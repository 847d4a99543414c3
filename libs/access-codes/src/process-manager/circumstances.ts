import type { KnownRevisions } from '@latchkey/event-sourcing';
import type { AccessCode } from '../domain/access-code';
import type { Circumstances, PlanSettings } from '../domain/circumstances';
import type { Streams } from '../streams';
import type { AgendaClaim } from './agenda-rows';

/** What a code's next step depends on besides itself, from memory or from the store. */
export async function circumstancesOf(
  claim: Pick<AgendaClaim, 'id' | 'deviceId'>,
  code: AccessCode | null,
  now: number,
  of: {
    readonly streams: Streams;
    readonly known: KnownRevisions;
    readonly settings: PlanSettings;
    /** Between which instants it is, ms. */
    readonly bounds: () => { readonly earliest: number; readonly latest: number };
  },
): Promise<Circumstances> {
  const { streams, known, settings } = of;
  const deviceId = code?.deviceId ?? claim.deviceId ?? '';
  const [device, keypad] = await Promise.all([
    streams.devices.load(deviceId, known.atLeast(streams.devices.streamOf(deviceId))),
    streams.keypadFor(deviceId, code ?? { codeId: claim.id }, known.atLeast(streams.keypadStream(deviceId))),
  ]);
  known.loaded(streams.devices.streamOf(deviceId), device.revision);
  const accountId = device.state?.accountId ?? code?.accountId;
  const account = accountId ? await accountOf(accountId, of) : null;
  return { device: device.state, account, keypad, now, ...of.bounds(), settings };
}

async function accountOf(accountId: string, { streams, known }: { streams: Streams; known: KnownRevisions }) {
  const stream = streams.accounts.streamOf(accountId);
  const { state, revision } = await streams.accounts.load(accountId, known.atLeast(stream));
  known.loaded(stream, revision);
  return state;
}
