export { httpAdapter } from './adapter';
export { configureHttp } from './configure-http';
export { Readiness } from './health.controller';
export { ConnectWebviewsModule } from './connect-webviews/connect-webviews.module';
export { LOCK_MAKERS } from './connect-webviews/connecting';
export { HttpModule } from './http.module';
export { RECORDS_DATABASE } from './tokens';
export { SANDBOX_CLOCK, type SandboxClockPort } from './sandbox-clock.controller';
