export { DAY, HOUR, MINUTE, SECOND } from '@latchkey/platform';
