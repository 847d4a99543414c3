import { invalidArgument } from './rpc-error';

/** What a message names a stream. Empty when it names none. @throws RpcError INVALID_ARGUMENT */
export function streamNameFrom(bytes: Uint8Array | undefined): string {
  return storable(Buffer.from(bytes ?? []).toString('utf8'), 'The name of a stream');
}

/**
 * SQLite ends a text at its first NUL, so that one with a NUL would be taken for another.
 * @throws RpcError INVALID_ARGUMENT
 */
export function storable(text: string, what: string): string {
  if (text.includes('\0')) throw invalidArgument(`${what} must not contain the character NUL.`);
  return text;
}
