export * from './change-after-clearing';
export * from './local-entry';
export * from './local-system';
export * from './local-time';
export * from './opened-accounts';
export * from './optional-package';
export * from '../slot-range';
