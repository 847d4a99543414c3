import { randomUUID } from 'node:crypto';
import {
  AccessDeniedError,
  type EventStoreDBClient,
  persistentSubscriptionToStreamSettingsFromDefaults,
  START,
} from '@eventstore/db-client';
import { StartScavengeReq } from '@eventstore/db-client/generated/operations_pb';
import { CreateReq } from '@eventstore/db-client/generated/users_pb';
import { status } from '@grpc/grpc-js';
import { collect, Inbox, rejection } from './support/collect';
import { Consumer } from './support/consumers';
import { newStream, numbered, numberedFrom, numbersOf } from './support/events';
import { unary } from './support/raw-streams';
import { ADMIN, type Login, OPS, useSecureTarget } from './support/secure-target';

describe('access to streams', () => {
  const target = useSecureTarget();
  const reader: Login = { username: `reader-${randomUUID()}`, password: 'a password' };
  let asAdmin: EventStoreDBClient;
  let asReader: EventStoreDBClient;

  beforeAll(async () => {
    const request = new CreateReq();
    const options = new CreateReq.Options();
    options.setLoginName(reader.username);
    options.setPassword(reader.password);
    options.setGroupsList(['subscribers']);
    request.setOptions(options);
    await unary((done) => target().users.create(request, target().authorization(ADMIN), done));
    asAdmin = target().as(ADMIN);
    asReader = target().as(reader);
  });

  const denied = async (call: Promise<unknown>) => {
    const error = await rejection(call);
    return error instanceof AccessDeniedError;
  };

  it('is open to logged-in users where no access list is set', async () => {
    const stream = newStream('plain');
    await asReader.appendToStream(stream, numbered(0));

    expect(numbersOf(await collect(asReader.readStream(stream)))).toEqual([0]);
  });

  it('is refused to who is not logged in', async () => {
    const stream = newStream('anonymous');
    await asAdmin.appendToStream(stream, numbered(0));
    const anonymous = target().as();

    expect(await denied(collect(anonymous.readStream(stream)))).toBe(true);
    expect(await denied(anonymous.appendToStream(stream, numbered(1)))).toBe(true);
  });

  it('follows $acl by user and by group, for each kind of access', async () => {
    const stream = newStream('acl');
    await asAdmin.appendToStream(stream, numberedFrom(0, 2));
    await asAdmin.setStreamMetadata(stream, {
      acl: {
        readRoles: ['subscribers'],
        writeRoles: ['$admins'],
        deleteRoles: ['$admins'],
        metaReadRoles: ['$admins'],
        metaWriteRoles: ['$admins'],
      },
    });

    expect(numbersOf(await collect(asReader.readStream(stream)))).toEqual([0, 1]);
    expect(await denied(asReader.appendToStream(stream, numbered(2)))).toBe(true);
    expect(await denied(asReader.deleteStream(stream))).toBe(true);
    expect(await denied(asReader.tombstoneStream(stream))).toBe(true);
    expect(await denied(asReader.getStreamMetadata(stream))).toBe(true);
    expect(await denied(asReader.setStreamMetadata(stream, {}))).toBe(true);
  });

  it('to a stream that only others may read is refused for reads and subscriptions', async () => {
    const stream = newStream('private');
    await asAdmin.appendToStream(stream, numbered(0));
    await asAdmin.setStreamMetadata(stream, { acl: { readRoles: ['somebody'] } });

    expect(await denied(collect(asReader.readStream(stream)))).toBe(true);
    const inbox = new Inbox(asReader.subscribeToStream(stream, { fromRevision: START }));
    expect(await inbox.failure()).toBeInstanceOf(AccessDeniedError);
    expect(numbersOf(await collect(asAdmin.readStream(stream)))).toEqual([0]);
  });

  it('to system streams and to $all is for admins', async () => {
    expect(await denied(collect(asReader.readAll({ maxCount: 1 })))).toBe(true);
    expect(await denied(asReader.appendToStream(`$${newStream('system')}`, numbered(0)))).toBe(true);
    const inbox = new Inbox(asReader.subscribeToAll());
    expect(await inbox.failure()).toBeInstanceOf(AccessDeniedError);
    expect((await collect(asAdmin.readAll({ maxCount: 1 }))).length).toBe(1);
  });

  it('to $all can be given to somebody by its metadata', async () => {
    await asAdmin.setStreamMetadata('$all', { acl: { readRoles: [reader.username] } });

    expect(await collect(asReader.readAll({ maxCount: 1 }))).toHaveLength(1);

    await asAdmin.setStreamMetadata('$all', {});
    expect(await denied(collect(asReader.readAll({ maxCount: 1 })))).toBe(true);
  });

  it('lets a subscriber consume the stream it may read, and make no group of its own', async () => {
    const stream = newStream('consumed');
    const settings = persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START });
    await asAdmin.appendToStream(stream, numberedFrom(0, 3));
    await asAdmin.setStreamMetadata(stream, { acl: { readRoles: [reader.username] } });
    await asAdmin.createPersistentSubscriptionToStream(stream, 'group', settings);

    expect(await denied(asReader.createPersistentSubscriptionToStream(stream, 'own', settings))).toBe(true);
    const consumer = await Consumer.join(asReader, { stream, group: 'group' });
    await consumer.atLeast(3);
    expect(consumer.numbers).toEqual([0, 1, 2]);
    await consumer.close();
  });

  it('refuses consuming a stream that may not be read', async () => {
    const stream = newStream('not-consumed');
    await asAdmin.appendToStream(stream, numbered(0));
    await asAdmin.setStreamMetadata(stream, { acl: { readRoles: ['$admins'] } });
    await asAdmin.createPersistentSubscriptionToStream(
      stream,
      'group',
      persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START }),
    );

    const error = await rejection(Consumer.join(asReader, { stream, group: 'group' }));

    expect(error).toBeInstanceOf(AccessDeniedError);
  });

  it('to operations is for admins and ops', async () => {
    const scavenge = (login?: Login): Promise<unknown> => {
      const request = new StartScavengeReq();
      const options = new StartScavengeReq.Options();
      options.setThreadCount(1);
      request.setOptions(options);
      return unary((done) => target().operations.startScavenge(request, target().authorization(login), done));
    };

    expect((await rejection(scavenge())).code).toBe(status.PERMISSION_DENIED);
    expect((await rejection(scavenge(reader))).code).toBe(status.PERMISSION_DENIED);
    await expect(scavenge(OPS)).resolves.toBeDefined();
  });
});
