export { checkpointReached } from './checkpoints';
export * from './codec';
export * from './decider';
export * from './event-store';
export * from './eventstoredb';
export * from './fold-rows';
export * from './projection';
export { SharedSubscription } from './shared-subscription';
export { given } from './specification';
