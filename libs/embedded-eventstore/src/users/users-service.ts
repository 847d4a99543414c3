import {
  type sendUnaryData,
  type ServerUnaryCall,
  type ServerWritableStream,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import users from '@eventstore/db-client/generated/users_pb';
import { type Caller } from '../access/caller';
import { type NodeContext } from '../streams/context';
import { accessDenied, isFault, RpcError, toRpcError, unhandled } from '../protocol/rpc-error';
import { answer } from '../protocol/unary';
import { type UserDirectory, UserChangeRefused, type UserRecord } from './user-directory';

/** A request that names a user. */
interface UserRequest {
  getOptions(): { getLoginName(): string } | undefined;
}

/** Who may make a change. */
type Allowed = (caller: Caller, loginName: string) => boolean;

const admin: Allowed = (caller) => caller.isAdmin;
const oneself: Allowed = (caller, loginName) => caller.name === loginName;

type OptionsOf<Req extends UserRequest> = NonNullable<ReturnType<Req['getOptions']>>;

/** A request that changes a user, and is answered without content. */
function changing(context: NodeContext) {
  return <Req extends UserRequest, Resp>(
      empty: new () => Resp,
      may: Allowed,
      work: (options: OptionsOf<Req>) => Promise<void>,
    ) =>
    (call: ServerUnaryCall<Req, Resp>, callback: sendUnaryData<Resp>): void =>
      answer(context, callback, async () => {
        const caller = await context.gate.identify(call.metadata);
        const options = call.request.getOptions();
        const loginName = options?.getLoginName() ?? '';
        if (!may(caller, loginName)) throw accessDenied();
        if (!options || loginName === '') throw unhandled();
        await work(options as OptionsOf<Req>).catch((error: unknown) => {
          throw refusal(error, loginName);
        });
        return new empty();
      });
}

/** The users service. Without certificates everybody may do anything, this included. */
export function usersService(context: NodeContext, directory: UserDirectory): UntypedServiceImplementation {
  const change = changing(context);
  return {
    create: change<users.CreateReq, users.CreateResp>(users.CreateResp, admin, (options) =>
      directory.create(
        options.getLoginName(),
        options.getFullName(),
        options.getGroupsList(),
        options.getPassword(),
      ),
    ),
    update: change<users.UpdateReq, users.UpdateResp>(users.UpdateResp, admin, (options) =>
      directory.change(options.getLoginName(), (user) => ({
        ...user,
        fullName: options.getFullName(),
        groups: options.getGroupsList(),
      })),
    ),
    delete: change<users.DeleteReq, users.DeleteResp>(users.DeleteResp, admin, (options) =>
      directory.delete(options.getLoginName()),
    ),
    enable: change<users.EnableReq, users.EnableResp>(users.EnableResp, admin, (options) =>
      directory.change(options.getLoginName(), (user) => ({ ...user, disabled: false })),
    ),
    disable: change<users.DisableReq, users.DisableResp>(users.DisableResp, admin, (options) =>
      directory.change(options.getLoginName(), (user) => ({ ...user, disabled: true })),
    ),
    changePassword: change<users.ChangePasswordReq, users.ChangePasswordResp>(
      users.ChangePasswordResp,
      oneself,
      (options) =>
        directory.changePassword(
          options.getLoginName(),
          options.getCurrentPassword(),
          options.getNewPassword(),
        ),
    ),
    resetPassword: change<users.ResetPasswordReq, users.ResetPasswordResp>(
      users.ResetPasswordResp,
      admin,
      (options) => directory.setPassword(options.getLoginName(), options.getNewPassword()),
    ),
    details: (call: ServerWritableStream<users.DetailsReq, users.DetailsResp>) => {
      details(context, directory, call).catch((error: unknown) => {
        if (isFault(error)) context.report(error);
        call.emit('error', toRpcError(error));
      });
    },
  };
}

async function details(
  context: NodeContext,
  directory: UserDirectory,
  call: ServerWritableStream<users.DetailsReq, users.DetailsResp>,
): Promise<void> {
  const caller = await context.gate.identify(call.metadata);
  const loginName = call.request.getOptions()?.getLoginName().trim() ?? '';
  if (!caller.isAdmin && (loginName === '' || caller.name !== loginName)) throw accessDenied();
  const records = loginName === '' ? directory.list() : [directory.find(loginName)];
  for (const record of records) {
    if (!record) throw refusal(new UserChangeRefused('not-found'), loginName);
    call.write(detailsOf(record));
  }
  call.end();
}

function detailsOf({ user, lastUpdated }: UserRecord): users.DetailsResp {
  const updated = new users.DetailsResp.UserDetails.DateTime();
  updated.setTicksSinceEpoch(`${lastUpdated}0000`);
  const details = new users.DetailsResp.UserDetails();
  details.setLoginName(user.loginName);
  details.setFullName(user.fullName);
  details.setGroupsList([...user.groups]);
  details.setDisabled(user.disabled);
  details.setLastUpdated(updated);
  const response = new users.DetailsResp();
  response.setUserDetails(details);
  return response;
}

function refusal(error: unknown, loginName: string): unknown {
  if (!(error instanceof UserChangeRefused)) return error;
  switch (error.reason) {
    case 'unauthorized':
      return accessDenied();
    case 'not-found':
      return new RpcError(status.NOT_FOUND, `User '${loginName}' is not found.`, {
        exception: 'user-not-found',
        'login-name': loginName,
      });
    case 'conflict':
      return new RpcError(status.FAILED_PRECONDITION, 'Conflict.', {
        exception: 'user-conflict',
        'login-name': loginName,
      });
  }
}
