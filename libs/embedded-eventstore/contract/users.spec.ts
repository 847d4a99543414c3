import { randomUUID } from 'node:crypto';
import { AccessDeniedError } from '@eventstore/db-client';
import {
  ChangePasswordReq,
  CreateReq,
  DeleteReq,
  DetailsReq,
  type DetailsResp,
  DisableReq,
  EnableReq,
  ResetPasswordReq,
  UpdateReq,
} from '@eventstore/db-client/generated/users_pb';
import { status } from '@grpc/grpc-js';
import { collect, eventually, rejection } from './support/collect';
import { newStream, numbered } from './support/events';
import { exceptionOf, unary } from './support/raw-streams';
import { ADMIN, type Login, OPS, useSecureTarget } from './support/secure-target';

describe('users', () => {
  const target = useSecureTarget();

  const newLogin = (): Login => ({ username: `user-${randomUUID()}`, password: 'a password' });

  async function create(login: Login, groups: string[] = [], as?: Login): Promise<void> {
    const request = new CreateReq();
    const options = new CreateReq.Options();
    options.setLoginName(login.username);
    options.setPassword(login.password);
    options.setFullName('Full Name');
    options.setGroupsList(groups);
    request.setOptions(options);
    await unary((done) => target().users.create(request, target().authorization(as), done));
  }

  function details(as?: Login, of?: string): Promise<DetailsResp.UserDetails[]> {
    const request = new DetailsReq();
    const options = new DetailsReq.Options();
    if (of !== undefined) options.setLoginName(of);
    request.setOptions(options);
    return new Promise((resolve, reject) => {
      const found: DetailsResp.UserDetails[] = [];
      target()
        .users.details(request, target().authorization(as))
        .on('data', (answer: DetailsResp) => found.push(answer.getUserDetails()!))
        .on('error', reject)
        .on('end', () => resolve(found));
    });
  }

  /** Whether the node takes this login: an unknown or wrong one is refused even what is public. */
  async function canLogIn(login: Login): Promise<boolean> {
    try {
      await target().as(login).appendToStream(newStream('login'), numbered(0));
      return true;
    } catch (error) {
      if (error instanceof AccessDeniedError) return false;
      throw error;
    }
  }

  it('begin with admin and ops', async () => {
    const all = await details(ADMIN);

    expect(all.map((user) => user.getLoginName())).toEqual(expect.arrayContaining(['admin', 'ops']));
    expect(all.find((user) => user.getLoginName() === 'admin')!.getGroupsList()).toEqual(['$admins']);
    expect(await canLogIn(ADMIN)).toBe(true);
    expect(await canLogIn(OPS)).toBe(true);
  });

  it('are refused with a wrong password, or when nobody knows them', async () => {
    expect(await canLogIn({ ...ADMIN, password: 'wrong' })).toBe(false);
    expect(await canLogIn(newLogin())).toBe(false);
  });

  it('are created by an admin, with their groups', async () => {
    const login = newLogin();

    await create(login, ['readers'], ADMIN);

    const [user] = await details(ADMIN, login.username);
    expect(user!.toObject()).toMatchObject({
      loginName: login.username,
      fullName: 'Full Name',
      groupsList: ['readers'],
      disabled: false,
    });
    expect(await canLogIn(login)).toBe(true);
  });

  it.each([
    ['nobody', undefined],
    ['ops', OPS],
  ])('cannot be created by %s', async (_, as) => {
    const error = await rejection(create(newLogin(), [], as));

    expect([status.PERMISSION_DENIED, status.UNAUTHENTICATED]).toContain(error.code);
  });

  it('cannot be created twice, unless with the same password, which changes nothing', async () => {
    const login = newLogin();
    await create(login, [], ADMIN);

    await create(login, ['more'], ADMIN);
    const error = await rejection(create({ ...login, password: 'another' }, [], ADMIN));

    expect(error.code).toBe(status.FAILED_PRECONDITION);
    expect(exceptionOf(error)).toBe('user-conflict');
    expect((await details(ADMIN, login.username))[0]!.getGroupsList()).toEqual([]);
  });

  it('are updated, disabled, enabled and deleted by an admin', async () => {
    const login = newLogin();
    const admin = target().authorization(ADMIN);
    await create(login, ['old'], ADMIN);

    const update = new UpdateReq();
    const changes = new UpdateReq.Options();
    changes.setLoginName(login.username);
    changes.setFullName('New Name');
    changes.setGroupsList(['new']);
    update.setOptions(changes);
    await unary((done) => target().users.update(update, admin, done));
    const [updated] = await details(ADMIN, login.username);
    expect(updated!.getGroupsList()).toEqual(['new']);

    const disable = new DisableReq();
    const toDisable = new DisableReq.Options();
    toDisable.setLoginName(login.username);
    disable.setOptions(toDisable);
    await unary((done) => target().users.disable(disable, admin, done));
    await eventually(
      () => canLogIn(login),
      (can) => !can,
    );

    const enable = new EnableReq();
    const toEnable = new EnableReq.Options();
    toEnable.setLoginName(login.username);
    enable.setOptions(toEnable);
    await unary((done) => target().users.enable(enable, admin, done));
    await eventually(
      () => canLogIn(login),
      (can) => can,
    );

    const remove = new DeleteReq();
    const toRemove = new DeleteReq.Options();
    toRemove.setLoginName(login.username);
    remove.setOptions(toRemove);
    await unary((done) => target().users.delete(remove, admin, done));
    await eventually(
      () => canLogIn(login),
      (can) => !can,
    );
    expect(exceptionOf(await rejection(details(ADMIN, login.username)))).toBe('user-not-found');
  });

  it('change their own password, given the old one', async () => {
    const login = newLogin();
    await create(login, [], ADMIN);
    const change = (current: string): Promise<unknown> => {
      const request = new ChangePasswordReq();
      const options = new ChangePasswordReq.Options();
      options.setLoginName(login.username);
      options.setCurrentPassword(current);
      options.setNewPassword('another password');
      request.setOptions(options);
      return unary((done) => target().users.changePassword(request, target().authorization(login), done));
    };

    const wrong = await rejection(change('not it'));
    await change(login.password);

    expect(wrong.code).not.toBe(status.OK);
    const changed = { ...login, password: 'another password' };
    expect(
      await eventually(
        () => canLogIn(changed),
        (can) => can,
      ),
    ).toBe(true);
    expect(
      await eventually(
        () => canLogIn(login),
        (can) => !can,
      ),
    ).toBe(false);
  });

  it('have their password reset by an admin, and by nobody else', async () => {
    const login = newLogin();
    await create(login, [], ADMIN);
    const reset = (as: Login): Promise<unknown> => {
      const request = new ResetPasswordReq();
      const options = new ResetPasswordReq.Options();
      options.setLoginName(login.username);
      options.setNewPassword('reset');
      request.setOptions(options);
      return unary((done) => target().users.resetPassword(request, target().authorization(as), done));
    };

    const refused = await rejection(reset(OPS));
    await reset(ADMIN);

    expect(refused.code).toBe(status.PERMISSION_DENIED);
    expect(
      await eventually(
        () => canLogIn({ ...login, password: 'reset' }),
        (can) => can,
      ),
    ).toBe(true);
  });

  it('never have their password written in readable form', async () => {
    const login = { ...newLogin(), password: `secret-${randomUUID()}` };
    await create(login, [], ADMIN);

    const events = await collect(target().as(ADMIN).readAll());

    const text = events.map(({ event }) => JSON.stringify(event!.data)).join('\n');
    expect(text).toContain(login.username);
    expect(text).not.toContain(login.password);
  });
});
