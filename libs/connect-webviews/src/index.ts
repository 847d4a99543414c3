export { ConnectWebviewsModule } from './connect-webviews.module';
export { ConnectWebviewRecords } from './records/connect-webview-records';
