export { ConnectWebviewsModule } from './connect-webviews.module';
export { callbackAt } from './addresses';
export { ConnectWebviewRecords } from './records/connect-webview-records';
