import { EventEmitter } from 'node:events';
import type { Connection } from './connection';
import { Following } from './following';
import type { StreamsCalls } from './wire/streams-calls';

describe('a subscription that never says that it has ended', () => {
  it('is ended all the same', async () => {
    const source = Object.assign(new EventEmitter(), {
      cancel: () => undefined,
      isPaused: () => false,
    });
    const streams = { follow: () => Promise.resolve(source) } as unknown as StreamsCalls;
    const connection = {
      onRenewed: () => () => undefined,
      suspect: () => undefined,
    } as unknown as Connection;
    const options = { after: undefined, prefixes: ['code-'], onEvents: () => Promise.resolve() };
    const following = new Following(streams, connection, options, undefined);
    const broken = following.untilBroken();
    await Promise.resolve();
    source.emit('data', { is: 'confirmation' });

    await Promise.all([following.end(), expect(broken).rejects.toThrow('the subscription was ended')]);
  });
});
