import {
  AccessCodesController,
  type CodeFilter,
  CreateAccessCode,
  DeleteAccessCode,
  GetAccessCode,
  ListAccessCodes,
  ShowNewCode,
  UpdateAccessCode,
  type WantedCode,
} from '@latchkey/access-codes';
import {
  ConnectedAccountsController,
  DevicesController,
  GetConnectedAccount,
  GetDevice,
  ListConnectedAccounts,
  ListDevices,
  SimulateAccount,
  SimulateDevice,
} from '@latchkey/devices';
import { ApiError, iso, type PageRequest, pageOf, startOf } from '@latchkey/platform';
import { EventsController, GetEvent, ListEvents } from '@latchkey/public-events';
import { CommandHandler, QueryHandler } from '@nestjs/cqrs';
import { randomUUID } from 'node:crypto';

/** What the edge asked for, kept in memory: handlers small enough to see what arrives and what goes out. */
export class Shelf {
  readonly codes = new Map<string, Record<string, unknown> & { workspace_id: string; at: number }>();
  readonly done: unknown[] = [];
  /** Makes the next command or query fail with this. */
  fails: Error | undefined;
  /** Makes the next creation wait for this. */
  waits: Promise<void> | undefined;
  private count = 0;
  private arrived: (() => void) | undefined;

  add(workspaceId: string, wanted: Partial<WantedCode> & { deviceId: string }): string {
    const id = randomUUID();
    const at = ++this.count;
    this.codes.set(id, { ...shown(id, workspaceId, wanted), workspace_id: workspaceId, at });
    return id;
  }

  one(workspaceId: string, id: string) {
    const code = this.codes.get(id);
    if (code?.workspace_id !== workspaceId) throw ApiError.notFound('access_code');
    return code;
  }

  /** Resolves when a creation waits. */
  reached(): Promise<void> {
    return new Promise((resolve) => (this.arrived = resolve));
  }

  async hold(): Promise<void> {
    const waits = this.waits;
    this.waits = undefined;
    if (waits) this.arrived?.();
    await waits;
  }

  note(what: unknown): void {
    this.done.push(what);
    if (this.fails === undefined) return;
    const error = this.fails;
    this.fails = undefined;
    throw error;
  }
}

function shown(id: string, workspaceId: string, wanted: Partial<WantedCode> & { deviceId: string }) {
  const { name = null, code = '1234', startsAt, endsAt } = wanted;
  return {
    access_code_id: id,
    workspace_id: workspaceId,
    device_id: wanted.deviceId,
    name,
    code,
    common_code_key: wanted.commonCodeKey ?? null,
    type: startsAt === undefined ? 'ongoing' : 'time_bound',
    status: 'unset',
    display_status: 'Unset',
    ...(startsAt === undefined ? {} : { starts_at: iso(startsAt), ends_at: iso(endsAt!) }),
    created_at: iso(0),
    errors: [],
    warnings: [],
    pending_mutations: [],
    is_managed: true,
    is_backup: false,
    is_backup_access_code_available: false,
    is_external_modification_allowed: wanted.externalModificationAllowed ?? false,
    is_one_time_use: false,
    is_offline_access_code: false,
  };
}

const page = <T extends { at: number }>(items: T[], request: PageRequest, filter: object) => {
  const after = startOf(request, filter);
  const rest = items.filter(({ at }) => at > after.at);
  return pageOf(
    rest,
    request,
    filter,
    ({ at }) => ({ at, id: String(at) }),
    ({ at: _, ...item }) => item,
  );
};

const matches = (code: Record<string, unknown>, { deviceId, accessCodeIds, search }: CodeFilter) =>
  (deviceId === undefined || code.device_id === deviceId) &&
  (accessCodeIds === undefined || accessCodeIds.includes(code.access_code_id as string)) &&
  (search === undefined || String(code.name).includes(search));

/** Handlers over a shelf, as Nest providers. */
export function handlersOf(shelf: Shelf) {
  @CommandHandler(CreateAccessCode)
  class Create {
    async execute(command: CreateAccessCode) {
      shelf.note(command);
      await shelf.hold();
      const codeId = shelf.add(command.caller.workspaceId, command.wanted);
      return { accessCodeId: codeId, code: { codeId, life: { phase: 'managed' } } };
    }
  }
  @CommandHandler(UpdateAccessCode)
  class Update {
    async execute(command: UpdateAccessCode) {
      shelf.note(command);
      Object.assign(shelf.one(command.caller.workspaceId, command.accessCodeId), command.wanted);
      await Promise.resolve();
    }
  }
  @CommandHandler(DeleteAccessCode)
  class Delete {
    async execute(command: DeleteAccessCode) {
      shelf.note(command);
      shelf.one(command.caller.workspaceId, command.accessCodeId);
      shelf.codes.delete(command.accessCodeId);
      await Promise.resolve();
    }
  }
  @QueryHandler(ShowNewCode)
  class ShowNew {
    execute({ code: { codeId } }: ShowNewCode) {
      const { at: _, ...code } = shelf.codes.get(codeId)!;
      return Promise.resolve(code);
    }
  }
  @QueryHandler(GetAccessCode)
  class Get {
    execute(query: GetAccessCode) {
      shelf.note(query);
      const { by, workspaceId } = query;
      const found =
        'accessCodeId' in by
          ? by.accessCodeId
          : [...shelf.codes.values()].find((code) => code.device_id === by.deviceId && code.code === by.code)
              ?.access_code_id;
      const { at: _, ...code } = shelf.one(workspaceId, String(found));
      return Promise.resolve(code);
    }
  }
  @QueryHandler(ListAccessCodes)
  class List {
    execute(query: ListAccessCodes) {
      shelf.note(query);
      const { workspaceId, filter } = query;
      const mine = [...shelf.codes.values()].filter(
        (code) => code.workspace_id === workspaceId && matches(code, filter),
      );
      return Promise.resolve(page(mine, query.page, { workspaceId, ...filter }));
    }
  }
  @QueryHandler(GetDevice)
  class OneDevice {
    execute(query: GetDevice) {
      shelf.note(query);
      return Promise.resolve(
        device(query.workspaceId, 'deviceId' in query.by ? query.by.deviceId : randomUUID()),
      );
    }
  }
  @QueryHandler(ListDevices)
  class Devices {
    execute(query: ListDevices) {
      shelf.note(query);
      return Promise.resolve(
        page([{ ...device(query.workspaceId, randomUUID()), at: 1 }], query.page, query.filter),
      );
    }
  }
  @QueryHandler(GetConnectedAccount)
  class Account {
    execute(query: GetConnectedAccount) {
      shelf.note(query);
      return Promise.resolve({ connected_account_id: query.by.connectedAccountId, errors: [], warnings: [] });
    }
  }
  @QueryHandler(ListConnectedAccounts)
  class Accounts {
    execute(query: ListConnectedAccounts) {
      shelf.note(query);
      return Promise.resolve(page([{ connected_account_id: randomUUID(), at: 1 }], query.page, query.filter));
    }
  }
  @CommandHandler(SimulateDevice)
  class SimulatedDevice {
    async execute(command: SimulateDevice) {
      shelf.note(command);
      await Promise.resolve();
    }
  }
  @CommandHandler(SimulateAccount)
  class SimulatedAccount {
    async execute(command: SimulateAccount) {
      shelf.note(command);
      await Promise.resolve();
    }
  }
  const event = { event_type: 'access_code.created', occurred_at: iso(0), created_at: iso(0) };
  @QueryHandler(GetEvent)
  class OneEvent {
    execute(query: GetEvent) {
      shelf.note(query);
      return Promise.resolve({ ...event, event_id: 'eventId' in query.by ? query.by.eventId : randomUUID() });
    }
  }
  @QueryHandler(ListEvents)
  class Events {
    execute(query: ListEvents) {
      shelf.note(query);
      return Promise.resolve([{ ...event, event_id: randomUUID() }]);
    }
  }
  return [
    OneEvent,
    Events,
    ...[Create, Update, Delete, ShowNew, Get, List, OneDevice, Devices],
    ...[Account, Accounts, SimulatedDevice, SimulatedAccount],
  ];
}

const device = (workspaceId: string, deviceId: string) => ({
  device_id: deviceId,
  workspace_id: workspaceId,
  can_remotely_unlock: false,
  can_program_online_access_codes: true,
  errors: [],
  warnings: [],
});

export const featureControllers = [
  AccessCodesController,
  DevicesController,
  ConnectedAccountsController,
  EventsController,
];
