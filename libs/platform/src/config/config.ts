import { ConfigError } from '../errors/startup-error';
import { duration, flag, hosts, listOf, oneOf, port, type Reader, secret, text, url, whole } from './readers';

/** Everything that can be set from outside. Durations are in ms. */
export interface Config {
  /** HOST: the address that the server listens on. 127.0.0.1 */
  host: string;
  /** PORT: the API's port; 0 picks a free one. 3000 */
  port: number;
  /** DATA_DIR: the folder of everything that the server keeps. ./data */
  dataDir: string;
  /** EVENTSTORE_PORT: the embedded event store's port; 0 picks a free one. 2113 */
  eventstorePort: number;
  /** EVENTSTORE_URL: an EventStoreDB cluster in place of the embedded store, esdb://… */
  eventstoreUrl?: string;
  /** DATABASE_URL: a PostgreSQL database in place of SQLite files, postgres://… */
  databaseUrl?: string;
  /** LOCK_CLOUD_PORT: the simulated lock maker's port; 0 picks a free one. 3100 */
  lockCloudPort: number;
  /** SANDBOX: simulated locks, a clock that can be set forward, and the endpoints that go with them. true */
  sandbox: boolean;
  /** SANDBOX_API_KEY: the sandbox workspace's API key; else one is drawn at the first start. */
  sandboxApiKey?: string;
  /** SANDBOX_CLOCK: running at real speed, or manual: standing still between advances. running */
  sandboxClock: 'running' | 'manual';
  /** LOG_LEVEL: fatal, error, warn, info, debug, trace or silent. info */
  logLevel: LogLevel;
  /** ROLES: what this instance does: api, worker or both. api,worker */
  roles: Role[];
  /** VAULT_KEY: the master key of the PINs' vault, 32 bytes in base64; else DATA_DIR/vault.key. */
  vaultKey?: string;
  /** PUBLIC_URL: how clients, browsers and lock makers reach this server. http://HOST:PORT */
  publicUrl: string;
  /** LOCK_MAKERS_FILE: a JSON file that names the lock makers' clouds. */
  lockMakersFile?: string;
  /** SANDBOX_LOCKS_FILE: a JSON file that names systems with simulated locks on this machine, for the sandbox. */
  sandboxLocksFile?: string;
  /** PRELOAD_LEAD: how long before starts_at a code goes onto a lock that keeps windows itself. PT72H */
  preloadLead: number;
  /** JUST_IN_TIME_LEAD: how long before starts_at a code goes onto a lock that does not. PT60M */
  justInTimeLead: number;
  /** SETTING_DELAY_AFTER: a code due on its lock and not there for this long is reported as delayed. PT5M */
  settingDelayAfter: number;
  /** REMOVAL_DELAY_AFTER: the same for a code that should be off its lock. PT5M */
  removalDelayAfter: number;
  /** COMMAND_DEADLINE: a command to a lock without an outcome for this long is followed by a read-back. PT60S */
  commandDeadline: number;
  /** RETRY_FIRST: the pause before the first retry; it doubles from there. PT5S */
  retryFirst: number;
  /** RETRY_LIMIT: the longest pause between retries. PT10M */
  retryLimit: number;
  /** CLOCK_DRIFT_TOLERANCE: how far a lock's clock may be off before it is reported. PT60S */
  clockDriftTolerance: number;
  /** ACCOUNT_POLL_EVERY: how often an account is asked for its locks, to find out what a lost report would have said. PT30M */
  accountPollEvery: number;
  /** READ_BACK_EVERY: how often a lock's codes are read back even if its maker says that nothing changed. PT24H */
  readBackEvery: number;
  /** BACKUP_POOL_SIZE: how many spare codes a lock whose codes ask for them holds; 0: none. 2 */
  backupPoolSize: number;
  /** EXPIRED_CODES: whether an expired code answers 404 (gone) or stays readable until it is deleted. gone */
  expiredCodes: 'gone' | 'readable';
  /** RATE_LIMIT_PER_KEY: requests a minute that an API key may make; 0: as many as it likes. 600000 */
  rateLimitPerKey: number;
  /** RATE_LIMIT_CREATE: access codes a minute that may be created on a device (Seam: 10); 0: no limit. 60000 */
  rateLimitCreate: number;
  /** RATE_LIMIT_UPDATE: changes a minute to the access codes of a device (Seam: 10); 0: no limit. 60000 */
  rateLimitUpdate: number;
  /** RATE_LIMIT_DELETE: access codes a minute that may be deleted on a device (Seam: 20); 0: no limit. 60000 */
  rateLimitDelete: number;
  /** RATE_LIMIT_OPERATE: times a minute that a device may be locked or unlocked (Seam: 15); 0: no limit. 600 */
  rateLimitOperate: number;
  /**
   * WEBHOOK_ALLOWED_HOSTS: host names, IP addresses and CIDR ranges, comma-separated, that webhooks may go to though
   * they are not on the public internet, by http too. none
   */
  webhookAllowedHosts: string[];
  /** ARCHIVE_AFTER: how long after its end a code or an attempt is archived; unset: never. none */
  archiveAfter: number | undefined;
  /** ARCHIVE_DIR: the folder of the archive; instances that share an event store share it. DATA_DIR/archive */
  archiveDir?: string;
  /** METRICS_PORT: the port of /metrics; 0 picks a free port. none */
  metricsPort: number | undefined;
  /** METRICS_HOST: the address of /metrics. 127.0.0.1 */
  metricsHost: string;
  /** OTEL_EXPORTER_OTLP_ENDPOINT: where traces are sent, by OTLP over HTTP. none */
  otlpEndpoint: string | undefined;
}

export type Role = 'api' | 'worker';
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

const RESERVED_KEYS = ['seam_at', 'seam_cst', 'seam_pk'];

const readers = {
  HOST: text('a host name or address', /^[\w.:%-]+$/),
  PORT: port(),
  DATA_DIR: text('the path of a folder', /^[^\0]+$/),
  EVENTSTORE_PORT: port(),
  EVENTSTORE_URL: secret('an EventStoreDB connection string, like esdb://host:2113?tls=true', (value) =>
    /^(esdb|kurrentdb)(\+discover)?:\/\/[^\s/?]+/.test(value),
  ),
  DATABASE_URL: secret(
    'a PostgreSQL connection string, like postgres://user:password@host/latchkey',
    (value) => /^postgres(ql)?:\/\//.test(value) && URL.canParse(value),
  ),
  LOCK_CLOUD_PORT: port(),
  SANDBOX: flag(),
  SANDBOX_API_KEY: secret(
    `seam_ and then 20 to 200 letters, digits, - or _, but not beginning with ${RESERVED_KEYS.join(', ')}`,
    (value) => /^seam_[\w-]{20,200}$/.test(value) && !RESERVED_KEYS.some((kind) => value.startsWith(kind)),
  ),
  SANDBOX_CLOCK: oneOf('running', 'manual'),
  LOG_LEVEL: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
  ROLES: listOf('api', 'worker'),
  VAULT_KEY: secret(
    '32 bytes in base64 (openssl rand -base64 32 makes them)',
    (value) => /^[A-Za-z0-9+/]{43}=?$/.test(value) && Buffer.from(value, 'base64').length === 32,
  ),
  PUBLIC_URL: url('an http or https URL', 'http:', 'https:'),
  LOCK_MAKERS_FILE: text('the path of a file', /^[^\0]+$/),
  SANDBOX_LOCKS_FILE: text('the path of a file', /^[^\0]+$/),
  PRELOAD_LEAD: duration('PT0S'),
  JUST_IN_TIME_LEAD: duration('PT0S'),
  SETTING_DELAY_AFTER: duration('PT1S'),
  REMOVAL_DELAY_AFTER: duration('PT1S'),
  COMMAND_DEADLINE: duration('PT1S'),
  RETRY_FIRST: duration('PT1S'),
  RETRY_LIMIT: duration('PT1S'),
  CLOCK_DRIFT_TOLERANCE: duration('PT1S'),
  ACCOUNT_POLL_EVERY: duration('PT1S'),
  READ_BACK_EVERY: duration('PT1S'),
  EXPIRED_CODES: oneOf('gone', 'readable'),
  BACKUP_POOL_SIZE: whole(20),
  RATE_LIMIT_PER_KEY: whole(10_000_000),
  RATE_LIMIT_CREATE: whole(1_000_000),
  RATE_LIMIT_UPDATE: whole(1_000_000),
  RATE_LIMIT_DELETE: whole(1_000_000),
  RATE_LIMIT_OPERATE: whole(1_000_000),
  WEBHOOK_ALLOWED_HOSTS: hosts(),
  ARCHIVE_AFTER: duration('PT1H'),
  ARCHIVE_DIR: text('the path of a folder', /^[^\0]+$/),
  METRICS_PORT: port(),
  METRICS_HOST: text('a host name or address', /^[\w.:%-]+$/),
  OTEL_EXPORTER_OTLP_ENDPOINT: url('an http or https URL', 'http:', 'https:'),
};

type Readers = typeof readers;
type Value<Name extends keyof Readers> = Readers[Name] extends Reader<infer T> ? T : never;

/**
 * Reads and checks the settings. An empty one counts as left out.
 * @throws ConfigError that names the setting, what was wrong with it and what is allowed
 */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  function optional<Name extends keyof Readers>(name: Name): Value<Name> | undefined {
    const given = env[name]?.trim();
    if (given === undefined || given === '') return undefined;
    const { allowed, secret, schema } = readers[name];
    const result = schema.safeParse(given);
    if (result.success) return result.data as Value<Name>;
    throw new ConfigError(`${name} must be ${allowed}${secret ? '' : `, not ${shown(given)}`}.`);
  }
  const withDefault = <Name extends keyof Readers>(name: Name, fallback: string): Value<Name> =>
    optional(name) ?? (readers[name].schema.parse(fallback) as Value<Name>);

  const config: Config = {
    host: withDefault('HOST', '127.0.0.1'),
    port: withDefault('PORT', '3000'),
    dataDir: withDefault('DATA_DIR', './data'),
    eventstorePort: withDefault('EVENTSTORE_PORT', '2113'),
    eventstoreUrl: optional('EVENTSTORE_URL'),
    databaseUrl: optional('DATABASE_URL'),
    lockCloudPort: withDefault('LOCK_CLOUD_PORT', '3100'),
    sandbox: withDefault('SANDBOX', 'true'),
    sandboxApiKey: optional('SANDBOX_API_KEY'),
    sandboxClock: withDefault('SANDBOX_CLOCK', 'running'),
    logLevel: withDefault('LOG_LEVEL', 'info'),
    roles: withDefault('ROLES', 'api,worker'),
    vaultKey: optional('VAULT_KEY'),
    publicUrl: '',
    lockMakersFile: optional('LOCK_MAKERS_FILE'),
    sandboxLocksFile: optional('SANDBOX_LOCKS_FILE'),
    preloadLead: withDefault('PRELOAD_LEAD', 'PT72H'),
    justInTimeLead: withDefault('JUST_IN_TIME_LEAD', 'PT60M'),
    settingDelayAfter: withDefault('SETTING_DELAY_AFTER', 'PT5M'),
    removalDelayAfter: withDefault('REMOVAL_DELAY_AFTER', 'PT5M'),
    commandDeadline: withDefault('COMMAND_DEADLINE', 'PT60S'),
    retryFirst: withDefault('RETRY_FIRST', 'PT5S'),
    retryLimit: withDefault('RETRY_LIMIT', 'PT10M'),
    clockDriftTolerance: withDefault('CLOCK_DRIFT_TOLERANCE', 'PT60S'),
    accountPollEvery: withDefault('ACCOUNT_POLL_EVERY', 'PT30M'),
    readBackEvery: withDefault('READ_BACK_EVERY', 'PT24H'),
    expiredCodes: withDefault('EXPIRED_CODES', 'gone'),
    backupPoolSize: withDefault('BACKUP_POOL_SIZE', '2'),
    rateLimitPerKey: withDefault('RATE_LIMIT_PER_KEY', '600000'),
    rateLimitCreate: withDefault('RATE_LIMIT_CREATE', '60000'),
    rateLimitUpdate: withDefault('RATE_LIMIT_UPDATE', '60000'),
    rateLimitDelete: withDefault('RATE_LIMIT_DELETE', '60000'),
    rateLimitOperate: withDefault('RATE_LIMIT_OPERATE', '600'),
    webhookAllowedHosts: optional('WEBHOOK_ALLOWED_HOSTS') ?? [],
    archiveAfter: optional('ARCHIVE_AFTER'),
    archiveDir: optional('ARCHIVE_DIR'),
    metricsPort: optional('METRICS_PORT'),
    metricsHost: withDefault('METRICS_HOST', '127.0.0.1'),
    otlpEndpoint: optional('OTEL_EXPORTER_OTLP_ENDPOINT'),
  };
  config.publicUrl = optional('PUBLIC_URL')?.replace(/\/+$/, '') ?? ownUrl(config.host, config.port);
  checkTogether(config);
  return config;
}

/** The settings once the API's port is known (PORT=0 picks one), with the default PUBLIC_URL that follows from it. */
export function listeningOn(config: Config, port: number): Config {
  const followed = config.publicUrl === ownUrl(config.host, config.port);
  return { ...config, port, publicUrl: followed ? ownUrl(config.host, port) : config.publicUrl };
}

function ownUrl(host: string, port: number): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

function checkTogether(config: Config): void {
  if (config.retryLimit < config.retryFirst) {
    throw new ConfigError('RETRY_LIMIT must not be shorter than RETRY_FIRST.');
  }
  const ports = [
    ['PORT', config.port],
    ...(config.eventstoreUrl === undefined ? [['EVENTSTORE_PORT', config.eventstorePort] as const] : []),
    ...(config.sandbox ? [['LOCK_CLOUD_PORT', config.lockCloudPort] as const] : []),
    ...(config.metricsPort === undefined ? [] : [['METRICS_PORT', config.metricsPort] as const]),
  ] as const;
  for (const [index, [name, number]] of ports.entries()) {
    const other = ports.slice(0, index).find(([, taken]) => taken === number && number !== 0);
    if (other) throw new ConfigError(`${name} must not be the same port as ${other[0]} (${number}).`);
  }
}

const shown = (value: string) => JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}…` : value);
