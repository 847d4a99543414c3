import { type ServerDuplexStream, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { type NodeService } from '../protocol/definitions';
import { ownerMethod } from '../protocol/owner-method';
import { type NodeParts } from '../streams/context';

const NOTHING = Buffer.alloc(0);
/** Holds the file for as long as the call lasts. It is for the owner alone, who can read the file. */
export const HOLD_FILE = ownerMethod('/latchkey.eventstore.Backup/HoldFile', {
  requestStream: true,
  responseStream: true,
});

/**
 * The node answers once the file stands still. The caller ends the call when it has copied the file; an orderly end
 * shows that the file stood still until then. A caller that is gone holds nothing.
 */
export function backupService({ log, report }: NodeParts): NodeService {
  const implementation: UntypedServiceImplementation = {
    holdFile: (call: ServerDuplexStream<Buffer, Buffer>): void => {
      let letGo: () => void;
      try {
        letGo = log.file.hold();
      } catch (error) {
        report(error);
        call.destroy(error as Error);
        return;
      }
      const release = (): void => {
        try {
          letGo();
        } catch (error) {
          report(error);
        }
      };
      call.on('cancelled', release);
      call.on('error', release);
      call.on('end', () => {
        release();
        call.end();
      });
      call.resume();
      call.write(NOTHING);
    },
  };
  return { definition: { holdFile: HOLD_FILE }, implementation };
}
