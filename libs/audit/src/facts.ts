import { ACCESS_CODE, codeCodec } from '@latchkey/access-codes';
import {
  ACCOUNT,
  accountCodec,
  ACTION_ATTEMPT,
  actionCodec,
  CONNECT_WEBVIEW,
  DEVICE,
  deviceCodec,
  DOOR,
  doorCodec,
  loginCodec,
} from '@latchkey/devices';
import { type DomainEvent, type Happened, readerOf, type RecordedEvent } from '@latchkey/event-sourcing';

/** Keypads are left out: what is reserved on them follows from the codes, and their streams are shortened. */
const CODECS: Readonly<
  Record<
    string,
    { decode(event: RecordedEvent): Happened<DomainEvent>; readonly written: readonly { type: string }[] }
  >
> = {
  [ACCESS_CODE]: codeCodec,
  [DEVICE]: deviceCodec,
  [ACCOUNT]: accountCodec,
  [DOOR]: doorCodec,
  [ACTION_ATTEMPT]: actionCodec,
  [CONNECT_WEBVIEW]: loginCodec,
};

/** A fact that was read, with its stream. */
export interface Fact {
  readonly recorded: RecordedEvent;
  readonly category: string;
  readonly id: string;
  readonly event: Happened<DomainEvent>;
}

/** The streams of facts. */
export const FACT_PREFIXES = Object.keys(CODECS).map((category) => `${category}-`);

/** The types that facts have. */
export const FACT_TYPES: ReadonlySet<string> = new Set(
  Object.values(CODECS).flatMap(({ written }) => written.map(({ type }) => type)),
);

/** Throws what the codec throws. */
export const readFact = readerOf(CODECS);

/** Whether an event is one of ours that can be read. */
export function isFact(event: RecordedEvent): boolean {
  try {
    readFact(event);
    return true;
  } catch {
    return false;
  }
}

export function factOf(recorded: RecordedEvent): Fact {
  const dash = recorded.stream.indexOf('-');
  const category = recorded.stream.slice(0, dash);
  return {
    recorded,
    category,
    id: recorded.stream.slice(dash + 1),
    event: CODECS[category]!.decode(recorded),
  };
}
