export * from './local-entry';
export * from './local-system';
export * from './optional-package';
export * from './slot-range';
