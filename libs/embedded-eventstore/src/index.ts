export { type NodeOptions, type RunningNode, type SpawnedNode, type SpawnOptions } from './node/node-options';
export { killRun, type KillRunOptions, type KillRunResult } from './faults/kill-run';
export { spawnNode } from './node/spawn-node';
export { startNode } from './node/start-node';
export { StartRefused } from './storage/database';
