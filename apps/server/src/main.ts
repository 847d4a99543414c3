import '@latchkey/platform';
