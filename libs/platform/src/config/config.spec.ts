import { ConfigError } from '../errors/startup-error';
import { listeningOn, loadConfig } from './config';

const HOUR = 3_600_000;

describe('the settings', () => {
  it('have defaults', () => {
    expect(loadConfig({})).toEqual({
      host: '127.0.0.1',
      port: 3000,
      dataDir: './data',
      eventstorePort: 2113,
      lockCloudPort: 3100,
      sandbox: true,
      sandboxClock: 'running',
      logLevel: 'info',
      roles: ['api', 'worker'],
      publicUrl: 'http://127.0.0.1:3000',
      preloadLead: 72 * HOUR,
      justInTimeLead: HOUR,
      settingDelayAfter: 300_000,
      removalDelayAfter: 300_000,
      commandDeadline: 60_000,
      retryFirst: 5000,
      retryLimit: 600_000,
      clockDriftTolerance: 60_000,
      backupPoolSize: 2,
      expiredCodes: 'gone',
      rateLimitPerKey: 600_000,
      rateLimitCreate: 60_000,
      rateLimitUpdate: 60_000,
      rateLimitDelete: 60_000,
      rateLimitOperate: 600,
      webhookAllowedHosts: [],
      metricsHost: '127.0.0.1',
      accountPollEvery: 1_800_000,
      readBackEvery: 24 * HOUR,
    });
  });

  it('are read', () => {
    const key = Buffer.alloc(32, 1).toString('base64');
    const config = loadConfig({
      HOST: '0.0.0.0',
      PORT: '0',
      SANDBOX: 'false',
      ROLES: 'worker',
      VAULT_KEY: key,
      PUBLIC_URL: 'https://locks.example.com/',
      EVENTSTORE_URL: 'esdb://admin:changeit@a:2113,b:2113?tls=true',
      DATABASE_URL: 'postgres://me:secret@db/latchkey',
      SANDBOX_API_KEY: 'seam_mine_and_nobody_elses',
      PRELOAD_LEAD: ' P1D ',
      LOG_LEVEL: '',
      WEBHOOK_ALLOWED_HOSTS: '10.1.0.0/16, booking.lan,fd12::1',
    });

    expect(config).toMatchObject({
      host: '0.0.0.0',
      port: 0,
      sandbox: false,
      roles: ['worker'],
      vaultKey: key,
      publicUrl: 'https://locks.example.com',
      eventstoreUrl: 'esdb://admin:changeit@a:2113,b:2113?tls=true',
      databaseUrl: 'postgres://me:secret@db/latchkey',
      sandboxApiKey: 'seam_mine_and_nobody_elses',
      preloadLead: 24 * HOUR,
      logLevel: 'info',
      webhookAllowedHosts: ['10.1.0.0/16', 'booking.lan', 'fd12::1'],
    });
  });

  it.each([
    ['PORT', '65536', 'PORT must be a port from 0 (any free one) to 65535, not "65536".'],
    ['PORT', '3000x', 'PORT must be a port from 0 (any free one) to 65535, not "3000x".'],
    ['PORT', '-1', 'PORT must be a port from 0 (any free one) to 65535, not "-1".'],
    ['SANDBOX', 'yes', 'SANDBOX must be true or false, not "yes".'],
    ['ROLES', 'api,cook', 'ROLES must be a comma-separated list of api, worker, not "api,cook".'],
    ['SANDBOX_CLOCK', 'fast', 'SANDBOX_CLOCK must be one of running, manual, not "fast".'],
    ['EXPIRED_CODES', 'maybe', 'EXPIRED_CODES must be one of gone, readable, not "maybe".'],
    ['PUBLIC_URL', 'ftp://x', 'PUBLIC_URL must be an http or https URL, not "ftp://x".'],
    [
      'PRELOAD_LEAD',
      '72',
      'PRELOAD_LEAD must be an ISO 8601 duration of at least PT0S, like PT72H, PT5M or PT30S, not "72".',
    ],
    [
      'COMMAND_DEADLINE',
      'PT0S',
      'COMMAND_DEADLINE must be an ISO 8601 duration of at least PT1S, like PT72H, PT5M or PT30S, not "PT0S".',
    ],
    [
      'WEBHOOK_ALLOWED_HOSTS',
      '10.1.0.0/33',
      'WEBHOOK_ALLOWED_HOSTS must be host names, IP addresses or CIDR ranges like 10.1.0.0/16, separated by commas, not "10.1.0.0/33".',
    ],
    [
      'WEBHOOK_ALLOWED_HOSTS',
      '10.1',
      'WEBHOOK_ALLOWED_HOSTS must be host names, IP addresses or CIDR ranges like 10.1.0.0/16, separated by commas, not "10.1".',
    ],
    ['HOST', 'a b', 'HOST must be a host name or address, not "a b".'],
    ['RETRY_LIMIT', 'PT1S', 'RETRY_LIMIT must not be shorter than RETRY_FIRST.'],
    ['EVENTSTORE_PORT', '3000', 'EVENTSTORE_PORT must not be the same port as PORT (3000).'],
  ])('refuse %s=%s', (name, value, message) => {
    expect(() => loadConfig({ [name]: value })).toThrow(new ConfigError(message));
  });

  it.each([
    ['SANDBOX_API_KEY', 'hunter2'],
    ['SANDBOX_API_KEY', 'seam_1'],
    ['SANDBOX_API_KEY', 'seam_hunter2hunter2hunt'],
    ['SANDBOX_API_KEY', 'seam_at_hunter2'],
    ['SANDBOX_API_KEY', 'seam_csthunter2'],
    ['SANDBOX_API_KEY', 'seam_pk_hunter2'],
    ['VAULT_KEY', 'hunter2'],
    ['VAULT_KEY', `hunter2${Buffer.alloc(32).toString('base64')}`],
    ['DATABASE_URL', 'mysql://me:hunter2@db/latchkey'],
    ['EVENTSTORE_URL', 'http://me:hunter2@db'],
  ])('refuse a bad %s without repeating it', (name, value) => {
    expect(() => loadConfig({ [name]: value })).toThrow(new RegExp(`^${name} must be `));
    expect(() => loadConfig({ [name]: value })).not.toThrow(/hunter2/);
  });

  it('follow the port that was picked', () => {
    const listening = (env: NodeJS.ProcessEnv) =>
      listeningOn(loadConfig({ PORT: '0', ...env }), 4711).publicUrl;

    expect(listening({})).toBe('http://127.0.0.1:4711');
    expect(listening({ HOST: '::1' })).toBe('http://[::1]:4711');
    expect(listening({ HOST: '0.0.0.0' })).toBe('http://127.0.0.1:4711');
    expect(listening({ PUBLIC_URL: 'https://locks.example.com' })).toBe('https://locks.example.com');
  });
});
