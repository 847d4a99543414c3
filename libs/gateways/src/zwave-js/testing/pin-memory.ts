import { UserCredentialOperationType, UserCredentialType, UserIDStatus } from '@zwave-js/cc';
import { UserCodeCCSet } from '@zwave-js/cc/UserCodeCC';
import { UserCredentialCCCredentialSet, UserCredentialCCUserSet } from '@zwave-js/cc/UserCredentialCC';
import type { CommandClass } from '@zwave-js/cc';
import { ccCaps, type MockNode } from '@zwave-js/testing';
import { CC } from '../nodes';

/** A write of a code, as it came to a lock. */
export interface PinWrite {
  /** The same for the same write that is sent again. */
  readonly key: string;
  /** Does it, without an answer. */
  readonly apply: () => void;
}

/** Where a simulated lock keeps its PINs: as its command class has it, and as the mock's own behaviours do. */
export interface PinMemory {
  at(slot: number): string | undefined;
  put(slot: number, pin: string): void;
  clear(slot: number): void;
  /** Null: it is no write of a code. */
  writeIn(cc: CommandClass): PinWrite | null;
}

const text = (kept: string | Uint8Array | undefined): string | undefined =>
  kept === undefined || typeof kept === 'string' ? kept : Buffer.from(kept).toString('ascii');

/** By the User Code command class. */
export function userCodes({ state }: MockNode): PinMemory {
  const code = (slot: number): string => `UserCode_userCode_${slot}`;
  const status = (slot: number): string => `UserCode_userIdStatus_${slot}`;
  const memory: PinMemory = {
    at: (slot) => text(state.get(code(slot)) as string | Uint8Array | undefined),
    put(slot, pin) {
      state.set(code(slot), pin);
      state.set(status(slot), UserIDStatus.Enabled);
    },
    clear(slot) {
      state.set(code(slot), undefined);
      state.set(status(slot), UserIDStatus.Available);
    },
    writeIn(cc) {
      if (!(cc instanceof UserCodeCCSet)) return null;
      const { userId, userIdStatus, userCode } = cc;
      const isEmptied = userIdStatus === UserIDStatus.Available;
      return {
        key: `${userId}/${userIdStatus}`,
        apply: () => (isEmptied ? memory.clear(userId) : memory.put(userId, text(userCode)!)),
      };
    },
  };
  return memory;
}

/** By the User Credential command class: a user for each PIN, of the same number. */
export function userCredentials({ state }: MockNode): PinMemory {
  const user = (slot: number): string => `UserCredential_user_${slot}`;
  const credential = (slot: number): string => `UserCredential_cred_${UserCredentialType.PINCode}_${slot}`;
  const byHand = { modifierType: 3, modifierNodeId: 0 };
  const memory: PinMemory = {
    at: (slot) =>
      text((state.get(credential(slot)) as { credentialData: Uint8Array } | undefined)?.credentialData),
    put(slot, pin) {
      const credentialData = Uint8Array.from(Buffer.from(pin, 'ascii'));
      state.set(user(slot), {
        ...{ userType: 0, userActiveState: 1, credentialRule: 1, expiringTimeoutMinutes: 0 },
        ...{ nameEncoding: 0, userName: '', ...byHand },
      });
      state.set(credential(slot), { userId: slot, credentialData, ...byHand });
    },
    clear(slot) {
      state.delete(user(slot));
      state.delete(credential(slot));
    },
    writeIn(cc) {
      // With a user their PIN goes.
      if (cc instanceof UserCredentialCCUserSet && cc.operationType === UserCredentialOperationType.Delete)
        return { key: `user ${cc.userId}`, apply: () => memory.clear(cc.userId) };
      if (!(cc instanceof UserCredentialCCCredentialSet)) return null;
      const { userId: slot, operationType, credentialData } = cc;
      const isEmptied = operationType === UserCredentialOperationType.Delete;
      return {
        key: `${slot}/${operationType}`,
        apply: () => (isEmptied ? memory.clear(slot) : memory.put(slot, text(credentialData)!)),
      };
    },
  };
  return memory;
}

/** The command class for codes as a lock claims it. */
export const claimed = (users: number, credentials: boolean) =>
  credentials
    ? ccCaps({
        ...{ ccId: CC.userCredential, isSupported: true, version: 1 },
        ...{ numberOfSupportedUsers: users, supportedCredentialRules: [1], maxUserNameLength: 32 },
        supportedCredentialTypes: new Map([
          [
            UserCredentialType.PINCode,
            {
              ...{ numberOfCredentialSlots: users, minCredentialLength: 4, maxCredentialLength: 8 },
              ...{ maxCredentialHashLength: 0, supportsCredentialLearn: false as const },
            },
          ],
        ]),
      })
    : ccCaps({ ccId: CC.userCode, isSupported: true, version: 1, numUsers: users });
