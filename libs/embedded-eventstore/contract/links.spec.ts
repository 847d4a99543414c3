import {
  type BinaryEventData,
  binaryEvent,
  BACKWARDS,
  END,
  type ResolvedEvent,
  START,
} from '@eventstore/db-client';
import { collect, Inbox } from './support/collect';
import { newStream, numbered, numberedFrom, numbersOf } from './support/events';
import { useTarget } from './support/target';

const linkTo = (stream: string, revision: bigint): BinaryEventData =>
  binaryEvent({ type: '$>', data: Buffer.from(`${revision}@${stream}`) });

describe('links', () => {
  const target = useTarget();

  async function linked(count: number): Promise<{ source: string; links: string; events: ResolvedEvent[] }> {
    const { client } = target();
    const [source, links] = [newStream('source'), newStream('links')];
    await client.appendToStream(source, numberedFrom(0, count));
    const events = await collect(client.readStream(source));
    for (const { event } of events) {
      await client.appendToStream(links, linkTo(source, event!.revision));
    }
    return { source, links, events };
  }

  it('are resolved on request: the event and the link that leads to it', async () => {
    const { source, links } = await linked(3);

    const resolved = await collect(target().client.readStream(links, { resolveLinkTos: true }));

    expect(numbersOf(resolved)).toEqual([0, 1, 2]);
    for (const [revision, { event, link }] of resolved.entries()) {
      expect(event!.streamId).toBe(source);
      expect(link).toMatchObject({ streamId: links, revision: BigInt(revision), type: '$>' });
    }
  });

  it('are plain events otherwise', async () => {
    const { links } = await linked(1);

    const [read] = await collect(target().client.readStream(links));

    expect(read!.link).toBeUndefined();
    expect(read!.event!.type).toBe('$>');
  });

  it('are resolved backwards, in $all and in subscriptions', async () => {
    const { client } = target();
    const { source, links, events } = await linked(2);

    const backwards = await collect(
      client.readStream(links, { resolveLinkTos: true, direction: BACKWARDS, fromRevision: END }),
    );
    const all = await collect(
      client.readAll({
        resolveLinkTos: true,
        fromPosition: events[0]!.event!.position!,
        maxCount: 10,
      }),
    );
    const inbox = new Inbox(client.subscribeToStream(links, { resolveLinkTos: true, fromRevision: START }));
    await inbox.caughtUp();
    await client.appendToStream(source, numbered(2));
    await client.appendToStream(links, linkTo(source, 2n));

    expect(numbersOf(backwards)).toEqual([1, 0]);
    const viaLinks = all.filter(({ link }) => link?.streamId === links);
    expect(numbersOf(viaLinks)).toEqual([0, 1]);
    for (const { link, commitPosition } of viaLinks) {
      expect(commitPosition).toBe(link?.position?.commit);
    }
    expect(numbersOf(await inbox.atLeast(3))).toEqual([0, 1, 2]);
    await inbox.close();
  });

  it('to events that are gone come without the event', async () => {
    const { source, links } = await linked(2);
    await target().client.setStreamMetadata(source, { truncateBefore: 1 });

    const truncated = await collect(target().client.readStream(links, { resolveLinkTos: true }));
    await target().client.tombstoneStream(source);
    const tombstoned = await collect(target().client.readStream(links, { resolveLinkTos: true }));

    expect(truncated.map(({ event, link }) => [event?.type, link?.type])).toEqual([
      [undefined, '$>'],
      ['Numbered', '$>'],
    ]);
    expect(tombstoned.map(({ event, link }) => [event?.type, link?.type])).toEqual([
      [undefined, '$>'],
      [undefined, '$>'],
    ]);
  });

  it('that point nowhere, or are no links at all, do no harm', async () => {
    const { client } = target();
    const links = newStream('dangling');
    await client.appendToStream(links, linkTo(newStream('never'), 4n));
    const noLink = binaryEvent({ type: '$>', data: Buffer.from('nonsense') });
    await client.appendToStream(links, noLink);

    const events = await collect(client.readStream(links, { resolveLinkTos: true }));

    expect(events.map(({ event, link }) => [event?.type, link?.type])).toEqual([
      [undefined, '$>'],
      ['$>', undefined],
    ]);
  });
});
