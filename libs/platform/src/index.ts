export { type Clock } from './clock/clock';
export { ClockWatch } from './clock/clock-watch';
export { DAY, HOUR, MINUTE, SECOND } from './clock/durations';
export { iso, parseDuration, parseInstant } from './clock/instant';
export { readingOf, SandboxClock, type SandboxClockState } from './clock/sandbox-clock';
export { SystemClock } from './clock/system-clock';
export { within } from './clock/within';
export { type Config, listeningOn, loadConfig, type LogLevel, type Role } from './config/config';
export { lockDataDir, lockUnlessHeld } from './data-folder/lock-data-dir';
export { ApiError, type ValidationErrors } from './errors/api-error';
export { Outage } from './errors/outage';
export { ConfigError, StartupError } from './errors/startup-error';
export { derivedId, type Ids, RandomIds, SeededIds } from './ids/ids';
export { CryptoRandom, type Random, SeededRandom } from './ids/random';
export { createLogger, type Logger } from './logging/logger';
export { isSecretName, redactUrl } from './logging/redact';
export { backOff } from './turns/back-off';
export { inTurns } from './turns/in-turns';
export { othersTurn } from './turns/others-turn';
export { KeyedMutex } from './turns/keyed-mutex';
export { type KeyStore } from './vault/key-store';
export {
  checkValue,
  type Keyring,
  keyringOfOldVault,
  newKeyring,
  openKeyring,
  sealKeyring,
} from './vault/keyring';
export { decodeMasterKey, loadMasterKey, replaceMasterKey, settleMasterKey } from './vault/master-key';
export { KeyErasedError, type PinOfCode, type SealedPin } from './vault/sealed-pins';
export { createVault, openOldSecret, type Vault } from './vault/vault';
export {
  emptyPage,
  type Page,
  pageOf,
  type PageRequest,
  type Pagination,
  type RowKey,
  START,
  startOf,
} from './paging/page';
export { programArguments } from './processes/program-arguments';
export * from './tokens';
export { freePort } from './testing/free-port';
export { pinsIn } from './testing/pins-in';
export { seamSchema, UNPUBLISHED_CODES } from './testing/seam-schema';
export { TcpProxy } from './testing/tcp-proxy';
export { until, type UntilOptions } from './testing/until';
export * from './text/csv';
