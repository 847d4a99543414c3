export { ConnectWebviewsModule } from './connect-webviews.module';
export { Addresses, callbackAt } from './addresses';
export { ConnectWebviewRecords } from './records/connect-webview-records';
export { makeOwnWebview } from './own-webview';
