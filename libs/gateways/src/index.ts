export * from './constraints';
export * from './draw-pin';
export * from './lock-gateway';
export * from './http/http-lock-gateway';
export * from './http/lock-maker';
export * from './http/lock-makers-file';
export { authorizeUrl, exchangeCode } from './http/oauth';
export * from './http/token-store';
export { MalformedReport, parseReport } from './http/webhooks';
