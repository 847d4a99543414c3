export { type FileHeld, holdFile } from './backup/hold-file';
export { type HistoryEvent, type HistoryPage } from './history/history-page';
export { readHistory, StreamHistory } from './history/read-history';
export { ownerAddress } from './node/node-folder';
export {
  type Access,
  type NodeOptions,
  type RunningNode,
  type SpawnedNode,
  type SpawnOptions,
} from './node/node-options';
export { killRun, type KillRunOptions, type KillRunResult } from './faults/kill-run';
export { scavengeAsOwner } from './operations/scavenge-as-owner';
export { EventRewriting, type Replacement } from './rewriting/replace-event';
export { spawnNode } from './node/spawn-node';
export { startNode } from './node/start-node';
export { DATABASE_FILE, StartRefused } from './storage/database';
export { CONSUMER_OF } from './users/gates';
export { type NodeUser, UsersOfNode } from './users/users-of-node';
