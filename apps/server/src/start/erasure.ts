import { ChainSigner, erasedWithoutSalt } from '@latchkey/audit';
import type { Database } from '@latchkey/database';
import { EventRewriting } from '@latchkey/embedded-eventstore';
import type { ProjectionRunner } from '@latchkey/event-sourcing';
import { type FeedTables, PublicNames } from '@latchkey/public-events';
import { type ErasuresTables, ErasureWork } from '@latchkey/retention';
import type { Core } from '../core/core';
import { forgetNames } from '../http';
import type { Parts } from './core';
import { lockArchive, makeArchiving } from './retention';
import type { Started } from '../started';

/** What erases the names of codes, once that was decided. */
export function makeErasureWork(
  parts: Parts,
  { streams, all }: Pick<Core, 'streams' | 'all'>,
  { runner: queue }: { readonly runner: ProjectionRunner },
  started: Started,
): ErasureWork {
  const { config, stores, store, hot, logger } = parts;
  const ofFacts = all.filter(({ name }) => name !== 'feed');
  return new ErasureWork({
    ...{ store, streams, logger, marked: hot, archiving: makeArchiving(parts), vault: stores.vault },
    database: stores.views as Database<ErasuresTables>,
    publicNames: new PublicNames({
      store: hot,
      feed: stores.feed as Database<FeedTables>,
      replace: rewriting(parts, started),
    }),
    folded: async (position, withinMs) =>
      (await Promise.all(ofFacts.map((view) => view.reached(position, withinMs)))).every(Boolean),
    told: (position, withinMs) => queue.reached(position, withinMs),
    withoutSalt: async (ids) =>
      erasedWithoutSalt({ store, signer: await ChainSigner.open(stores.records.settings) }, ids),
    forgetAnswers: (codeIds) => forgetNames(stores.recordsDatabase, codeIds),
    compact: async () => {
      for (const each of [stores.views, stores.feed, stores.audit, stores.recordsDatabase])
        await each.compact();
    },
    lock: () => lockArchive(config),
  });
}

/** An event store of the operator's own has no way to change an event. */
function rewriting({ config, address }: Parts, started: Started) {
  if (config.eventstoreUrl !== undefined) return undefined;
  const events = new EventRewriting(address);
  started.add(() => events.close());
  return events.replace.bind(events);
}
