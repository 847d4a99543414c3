import { ManualPairingCodeCodec, QrPairingCodeCodec } from '@matter/main/types';
import type { Answer } from '../../lock-gateway';
import { refused } from './refusals';

/** What a pairing code says: how a lock that waits to be paired is found, and what it is to be told. */
export interface PairingCode {
  readonly passcode: number;
  /** From a QR code. */
  readonly discriminator?: number;
  /** Its upper four bits, from the digits beside it. */
  readonly shortDiscriminator?: number;
}

/** @param code eleven or 21 digits, or what a QR code says */
export function decodePairingCode(code: string): Answer<PairingCode> {
  try {
    if (!code.startsWith('MT:')) {
      const { passcode, shortDiscriminator } = ManualPairingCodeCodec.decode(code);
      const value = { passcode, ...(shortDiscriminator === undefined ? {} : { shortDiscriminator }) };
      return { kind: 'answered', value };
    }
    const [only, ...others] = QrPairingCodeCodec.decode(code);
    if (!only || others.length > 0)
      return wrong('the QR code is of several devices: take the one on the lock');
    return { kind: 'answered', value: { passcode: only.passcode, discriminator: only.discriminator } };
  } catch (error) {
    return wrong(whatIsWrong(error instanceof Error ? error.message : ''));
  }
}

const wrong = (message: string) => refused('INVALID_PAIRING_CODE', message);

/** @param said by the library, which may quote the code */
function whatIsWrong(said: string): string {
  if (said.includes('checksum'))
    return 'the check digit of the pairing code is wrong: please look at its digits again';
  if (said.includes('passcode')) return 'the pairing code is one that no lock has: please look at it again';
  if (said.includes('version')) return 'the pairing code is of a later version of Matter';
  return 'the pairing code is not complete: please look at it again';
}
