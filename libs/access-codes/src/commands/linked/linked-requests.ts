import { type Caller, Refusal } from '@latchkey/event-sourcing';
import { KeyedMutex } from '@latchkey/platform';
import type { CommandBus, QueryBus } from '@nestjs/cqrs';
import { CreateAccessCode, UpdateAccessCode, type WantedChange, type WantedCode } from '../commands';
import type { CodeRefusal } from '../../domain/refused';
import { GetLinkedPin } from '../../views/linked-pin';
import { GetAccessCode } from '../../views/queries';

/** Sees to it that any two codes with the same common_code_key have the same PIN. */
export class LinkedRequests {
  private readonly mutex = new KeyedMutex();

  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  /**
   * Creates a code, which gets the PIN that others with its key have.
   * @throws {Refusal} where another PIN was asked for
   */
  create(caller: Caller, wanted: WantedCode): Promise<{ accessCodeId: string }> {
    const { commonCodeKey } = wanted;
    if (commonCodeKey === undefined) return this.commands.execute(new CreateAccessCode(caller, wanted));
    return this.inTurn(caller, commonCodeKey, async () => {
      const code = await this.shared(caller, commonCodeKey, wanted.code);
      return this.commands.execute(
        new CreateAccessCode(caller, code === undefined ? wanted : { ...wanted, code }),
      );
    });
  }

  /**
   * Changes a code, but not to another PIN than others with its key have.
   * @throws {Refusal}
   */
  async update(caller: Caller, accessCodeId: string, wanted: WantedChange): Promise<void> {
    const change = () => this.commands.execute(new UpdateAccessCode(caller, accessCodeId, wanted));
    if (wanted.code === undefined) return change();
    const query = new GetAccessCode(caller.workspaceId, { accessCodeId });
    const { common_code_key: key } = await this.queries.execute(query);
    if (key === null) return change();
    return this.inTurn(caller, key, async () => {
      await this.shared(caller, key, wanted.code, accessCodeId);
      return change();
    });
  }

  private async shared(caller: Caller, key: string, asked: string | undefined, exceptCodeId?: string) {
    const query = new GetLinkedPin(caller.workspaceId, key, exceptCodeId);
    const pin = (await this.queries.execute(query)) ?? asked;
    if (asked !== undefined && asked !== pin) {
      throw Refusal.conflict<CodeRefusal>(
        'common-code-key-in-use',
        'Other access codes with this common_code_key have another code, and all of them must have the same.',
      );
    }
    return pin;
  }

  /** Of two requests with one key the second has to see what the first has drawn. */
  private inTurn<T>({ workspaceId }: Caller, key: string, work: () => Promise<T>): Promise<T> {
    return this.mutex.runExclusive(`${workspaceId}/${key}`, work);
  }
}
