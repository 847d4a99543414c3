export * from './local-adapters';
export * from './lock-system';
export * from './lock-systems-file';
export * from './routed-lock-gateway';
