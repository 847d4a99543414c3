import { metadataEvent } from '../streams/stream-writer';
import { type NodeParts } from '../streams/context';

const SCAVENGES = '$$$scavenges';
const THIRTY_DAYS = 30 * 24 * 60 * 60;

/** What a real server writes into a new database before anybody else does. */
export async function initializeDatabase({ log, commits, writer }: NodeParts): Promise<void> {
  if (log.head(SCAVENGES)) return;
  const metadata = { $maxAge: THIRTY_DAYS, $acl: { $r: '$ops', $w: [], $d: [], $mr: [], $mw: [] } };
  await commits.submit(() =>
    writer.append(SCAVENGES, 'any', [metadataEvent(Buffer.from(JSON.stringify(metadata)))]),
  );
}
