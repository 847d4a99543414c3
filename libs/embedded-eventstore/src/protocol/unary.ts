import { type sendUnaryData } from '@grpc/grpc-js';
import { isFault, toRpcError } from './rpc-error';

/** Answers a call that has one answer with what `work` returns or throws. */
export function answer<T>(
  { report }: { report: (error: unknown) => void },
  callback: sendUnaryData<T>,
  work: () => T | Promise<T>,
): void {
  Promise.resolve()
    .then(work)
    .then(
      (response) => callback(null, response),
      (error: unknown) => {
        if (isFault(error)) report(error);
        callback(toRpcError(error));
      },
    );
}
