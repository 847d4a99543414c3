import { type Consumer } from './consumer';
import { type StrategyName } from './group-settings';
import { type Message } from './message';

/** Who gets a message: a consumer; nobody yet, but others may be served; or nobody has room. */
export type Choice = Consumer | 'later' | 'full';

/** Shares messages among consumers. */
export interface ConsumerStrategy {
  choose(consumers: readonly Consumer[], message: Message): Choice;
  joined(consumers: readonly Consumer[]): void;
  left(consumer: Consumer): void;
}

export function consumerStrategy(name: StrategyName): ConsumerStrategy {
  switch (name) {
    case 'RoundRobin':
      return new RoundRobin();
    case 'DispatchToSingle':
      return DISPATCH_TO_SINGLE;
    case 'Pinned':
      return new Pinned(sourceStream);
    case 'PinnedByCorrelation':
      return new Pinned(correlationId);
  }
}

class RoundRobin implements ConsumerStrategy {
  private next = 0;

  choose(consumers: readonly Consumer[]): Choice {
    for (let tried = 0; tried < consumers.length; tried += 1) {
      const consumer = consumers[this.next % consumers.length]!;
      this.next = (this.next + 1) % consumers.length;
      if (consumer.canTake) return consumer;
    }
    return 'full';
  }

  joined(): void {
    this.next = 0;
  }

  left(): void {
    this.next = 0;
  }
}

/** The consumer that came first gets all it can take; the next one what is too much for it. */
const DISPATCH_TO_SINGLE: ConsumerStrategy = {
  choose: (consumers) => consumers.find((consumer) => consumer.canTake) ?? 'full',
  joined: () => undefined,
  left: () => undefined,
};

const BUCKETS = 1024;

/**
 * Messages that belong together go to the same consumer, as long as it is there; a full one is waited for while the
 * others are served.
 */
class Pinned implements ConsumerStrategy {
  private readonly owners: (Consumer | undefined)[] = new Array<undefined>(BUCKETS).fill(undefined);

  constructor(private readonly belongsTo: (message: Message) => string) {}

  choose(consumers: readonly Consumer[], message: Message): Choice {
    if (!consumers.some((consumer) => consumer.canTake)) return 'full';
    const bucket = hash(this.belongsTo(message)) % BUCKETS;
    const owner = (this.owners[bucket] ??= this.leastLoaded(consumers));
    return owner.canTake ? owner : 'later';
  }

  /** Newcomers get their share: buckets of consumers that have more than theirs and nothing in flight are free again. */
  joined(consumers: readonly Consumer[]): void {
    const fair = Math.ceil(BUCKETS / consumers.length);
    const owned = new Map<Consumer, number>();
    this.owners.forEach((owner, bucket) => {
      if (!owner) return;
      const count = (owned.get(owner) ?? 0) + 1;
      owned.set(owner, count);
      if (count > fair && owner.inFlight.size === 0) this.owners[bucket] = undefined;
    });
  }

  left(consumer: Consumer): void {
    this.owners.forEach((owner, bucket) => {
      if (owner === consumer) this.owners[bucket] = undefined;
    });
  }

  private leastLoaded(consumers: readonly Consumer[]): Consumer {
    const owned = new Map<Consumer, number>(consumers.map((consumer) => [consumer, 0]));
    for (const owner of this.owners) if (owner) owned.set(owner, (owned.get(owner) ?? 0) + 1);
    return consumers.reduce((least, consumer) =>
      owned.get(consumer)! < owned.get(least)! ? consumer : least,
    );
  }
}

/** The stream the event is in; for a link that could not be resolved, the one it points to. */
function sourceStream({ resolved: { event, link } }: Message): string {
  const record = (event ?? link)!;
  if (record.type !== '$>') return record.stream;
  const target = Buffer.from(record.data).toString('utf8');
  return target.slice(target.indexOf('@') + 1);
}

function correlationId(message: Message): string {
  const { event, link } = message.resolved;
  try {
    const metadata = JSON.parse(Buffer.from((event ?? link)!.metadata).toString('utf8')) as unknown;
    const id = (metadata as Record<string, unknown> | null)?.['$correlationId'];
    if (typeof id === 'string') return id;
  } catch {
    // No metadata, or not JSON: there is no correlation.
  }
  return sourceStream(message);
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value >>> 0;
}
