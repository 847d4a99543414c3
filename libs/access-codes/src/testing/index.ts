export * from './feature-process';
export * from './givens';
export * from './installation';
export * from './plain-events';
export * from './specification';
