import type { Caller } from '@latchkey/event-sourcing';
import { Command } from '@nestjs/cqrs';

/** One code, or all that have or once had exactly that name. */
export type ErasureOf = { readonly accessCodeId: string } | { readonly name: string };

/** What became of one code's names. */
export type ErasureOfCode =
  | { readonly accessCodeId: string; readonly result: 'erased' | 'under-way' | 'would-be-erased' }
  | {
      readonly accessCodeId: string;
      readonly result: 'refused';
      readonly why: string;
      readonly message: string;
    };

/** Erases what codes were called, and their PINs. */
export class ErasePersonalData extends Command<ErasureOfCode[]> {
  /** @param isDry it is only said what would be done */
  constructor(
    readonly caller: Caller,
    readonly of: ErasureOf,
    readonly isDry = false,
  ) {
    super();
  }
}
