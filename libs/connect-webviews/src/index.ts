export { ConnectWebviewsModule } from './connect-webviews.module';
export { callbackAt } from './http/addresses';
export { ConnectWebviewRecords } from './records/connect-webview-records';
