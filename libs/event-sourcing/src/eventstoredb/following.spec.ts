import { EventEmitter } from 'node:events';
import type { EventStoreDBClient } from '@eventstore/db-client';
import type { Connection } from './connection';
import { Following } from './following';

describe('a subscription that never says that it has ended', () => {
  it('is ended all the same', async () => {
    const source = Object.assign(new EventEmitter(), {
      unsubscribe: () => new Promise<void>(() => undefined),
      isPaused: () => false,
    });
    const client = { subscribeToAll: () => source } as unknown as EventStoreDBClient;
    const connection = {
      onRenewed: () => () => undefined,
      suspect: () => undefined,
    } as unknown as Connection;
    const options = { after: undefined, prefixes: ['code-'], onEvents: () => Promise.resolve() };
    const following = new Following(client, connection, options, undefined);
    const broken = following.untilBroken();
    source.emit('confirmation');

    await Promise.all([following.end(), expect(broken).rejects.toThrow('the subscription was ended')]);
  });
});
