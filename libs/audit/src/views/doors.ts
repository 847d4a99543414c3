import { Streams } from '@latchkey/access-codes';
import type { Database } from '@latchkey/database';
import { deviceFold, displayNameOf } from '@latchkey/devices';
import { Refusal } from '@latchkey/event-sourcing';
import { AUDIT_DATABASE } from '@latchkey/platform';
import { Inject, Injectable } from '@nestjs/common';
import { type CodeMoment, momentsOf } from '../domain/code-history';
import type { LockMoment } from '../domain/door';
import { type AuditTables, CODES_AT_DOORS, LOCKS } from './audit-tables';
import { AUDIT_VIEW, type AuditView } from './audit-view';
import { CodeFacts } from './code-facts';

/** How many streams are read at a time. */
const AT_ONCE = 16;

/** Lives of codes by id. */
export type Lives = Map<string, CodeMoment[]>;

/** A door as its streams have it: its lock, and the codes that were on it. */
@Injectable()
export class Doors {
  constructor(
    @Inject(AUDIT_DATABASE) private readonly database: Database<AuditTables>,
    @Inject(AUDIT_VIEW) private readonly view: AuditView,
    private readonly streams: Streams,
    private readonly codeFacts: CodeFacts,
  ) {}

  /**
   * The lock as it was known, moment by moment.
   * @throws {Refusal} absent, where the workspace has no such lock
   */
  async lock(workspaceId: string, deviceId: string): Promise<LockMoment[]> {
    await this.view.caughtUp();
    const found = await this.database.db
      .selectFrom(LOCKS)
      .select('device_id')
      .where('device_id', '=', deviceId)
      .where('workspace_id', '=', workspaceId)
      .executeTakeFirst();
    if (!found) throw Refusal.absent('device');
    const moments: LockMoment[] = [];
    let device = deviceFold.initial;
    for (const { event } of await this.streams.devices.history(deviceId)) {
      device = deviceFold.evolve(device, event);
      if (!device) continue;
      const { online, clockTrusted } = device;
      moments.push({ at: event.at, name: displayNameOf(device), online, clockTrusted });
    }
    return moments;
  }

  /**
   * The lives of the codes that may have been on the lock between two instants, ms.
   * @param lives those that were read for the span before; from then on those of this one
   */
  async *codesBetween(
    deviceId: string,
    from: number,
    to: number,
    lives: Lives = new Map(),
  ): AsyncIterable<CodeMoment[]> {
    const rows = await this.database.db
      .selectFrom(CODES_AT_DOORS)
      .select('access_code_id')
      .where('device_id', '=', deviceId)
      .where('first_at', '<=', to)
      .where((row) => row.or([row('gone_at', 'is', null), row('gone_at', '>=', from)]))
      .orderBy('access_code_id')
      .execute();
    const ids = rows.map(({ access_code_id }) => access_code_id);
    const here = new Set(ids);
    for (const id of lives.keys()) if (!here.has(id)) lives.delete(id);
    for (let n = 0; n < ids.length; n += AT_ONCE) {
      yield* await Promise.all(ids.slice(n, n + AT_ONCE).map((id) => this.lifeOf(id, lives)));
    }
  }

  private async lifeOf(codeId: string, lives: Lives): Promise<CodeMoment[]> {
    const life = lives.get(codeId) ?? momentsOf(await this.codeFacts.of(codeId));
    lives.set(codeId, life);
    return life;
  }
}
