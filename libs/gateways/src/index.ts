export * from './lock-gateway';
