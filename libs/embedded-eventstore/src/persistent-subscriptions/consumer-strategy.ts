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
    const bucket = this.bucketOf(message);
    const owner = (this.owners[bucket] ??= this.leastLoaded(consumers));
    return owner.canTake ? owner : 'later';
  }

  /**
   * A newcomer gets its share of the buckets in use at once, of those with the least in flight first. What is in flight
   * stays with whom it is.
   */
  joined(consumers: readonly Consumer[]): void {
    const newcomer = consumers.at(-1)!;
    const owned = this.bucketsByOwner();
    const used = [...owned.values()].reduce((sum, buckets) => sum + buckets.length, 0);
    const fair = Math.ceil(used / consumers.length);
    for (const [owner, buckets] of owned) {
      if (owner === newcomer || buckets.length <= fair) continue;
      const busy = this.inFlightByBucket(owner);
      buckets.sort((a, b) => (busy.get(a) ?? 0) - (busy.get(b) ?? 0));
      for (const bucket of buckets.slice(0, buckets.length - fair)) this.owners[bucket] = newcomer;
    }
  }

  left(consumer: Consumer): void {
    this.owners.forEach((owner, bucket) => {
      if (owner === consumer) this.owners[bucket] = undefined;
    });
  }

  private bucketOf(message: Message): number {
    return hash(this.belongsTo(message)) % BUCKETS;
  }

  private bucketsByOwner(): Map<Consumer, number[]> {
    const owned = new Map<Consumer, number[]>();
    this.owners.forEach((owner, bucket) => {
      if (!owner) return;
      const buckets = owned.get(owner);
      if (buckets) buckets.push(bucket);
      else owned.set(owner, [bucket]);
    });
    return owned;
  }

  private inFlightByBucket(consumer: Consumer): Map<number, number> {
    const counts = new Map<number, number>();
    for (const message of consumer.inFlight.values()) {
      const bucket = this.bucketOf(message);
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
    }
    return counts;
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
