import { CqrsModule } from '@nestjs/cqrs';
import { READ_BARRIER } from '@latchkey/event-sourcing';
import { newApiToken, openStores, type Records } from '@latchkey/database';
import {
  CLOCK,
  CONFIG,
  createLogger,
  CryptoRandom,
  IDS,
  loadConfig,
  LOGGER,
  RANDOM,
  RandomIds,
  RECORDS,
  RECORDS_DATABASE,
  SandboxClock,
  VAULT,
  type Vault,
} from '@latchkey/platform';
import { Global, Module, type Provider, type Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONNECTION_BOUNDS, type ConnectionBounds } from '../connections';
import { configureHttp, httpAdapter, HttpModule, SANDBOX_CLOCK } from '../index';
import { featureControllers, handlersOf, Shelf } from './shelf';

export const NOW = Date.UTC(2030, 0, 1);

/** The edge as it runs, listening on a port of its own, over a shelf of codes. */
export interface Edge {
  readonly app: NestFastifyApplication;
  readonly url: string;
  readonly shelf: Shelf;
  readonly records: Records;
  readonly vault: Vault;
  /** Where everything lies that is kept. */
  readonly dataDir: string;
  readonly clock: SandboxClock;
  /** What was logged, a JSON object a line. */
  readonly log: string[];
  readonly workspaceId: string;
  readonly apiKey: string;
  /** Another workspace's key. */
  readonly foreignKey: string;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  get(pathAndQuery: string, headers?: Record<string, string>): Promise<Answer>;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
}

export async function openEdge(
  options: {
    env?: NodeJS.ProcessEnv;
    controllers?: Type[];
    providers?: Provider[];
    bounds?: Partial<ConnectionBounds>;
  } = {},
): Promise<Edge> {
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-edge-'));
  const stores = await openStores({ dataDir, vaultKey: randomBytes(32).toString('base64') });
  const { records } = stores;
  const clock = new SandboxClock({ now: NOW, running: false });
  const ids = new RandomIds();
  const shelf = new Shelf();
  const log: string[] = [];
  const tokens: Provider[] = [
    { provide: CONFIG, useValue: loadConfig(options.env ?? {}) },
    { provide: CLOCK, useValue: clock },
    { provide: RANDOM, useValue: new CryptoRandom() },
    { provide: IDS, useValue: ids },
    { provide: RECORDS, useValue: records },
    { provide: RECORDS_DATABASE, useValue: stores.recordsDatabase },
    { provide: VAULT, useValue: stores.vault },
    {
      provide: READ_BARRIER,
      useValue: { beforeNextRead: () => Promise.resolve(), readable: () => undefined },
    },
    { provide: LOGGER, useValue: createLogger('info', { write: (line) => void log.push(line) }) },
    {
      provide: SANDBOX_CLOCK,
      useValue: {
        now: () => clock.now(),
        advance: (target: (now: number) => number) => {
          clock.set(target(clock.now()));
          return Promise.resolve(clock.now());
        },
      },
    },
    ...(options.providers ?? []),
  ];
  @Global()
  @Module({ providers: tokens, exports: tokens.map((token) => ('provide' in token ? token.provide : token)) })
  class Tokens {}

  const testing = await Test.createTestingModule({
    imports: [CqrsModule.forRoot(), Tokens, HttpModule],
    controllers: [...featureControllers, ...(options.controllers ?? [])],
    providers: handlersOf(shelf),
  }).compile();
  const app = configureHttp(
    testing.createNestApplication<NestFastifyApplication>(
      httpAdapter(ids, { ...CONNECTION_BOUNDS, ...options.bounds }),
    ),
  );
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const first = await addWorkspace(records, 'First');
  const other = await addWorkspace(records, 'Other');

  const send = async (path: string, init: RequestInit, headers: Record<string, string> = {}) => {
    const response = await fetch(url + path, {
      ...init,
      headers: { authorization: `Bearer ${first.apiKey}`, ...headers },
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
    };
  };
  return {
    ...{
      app,
      url,
      shelf,
      records,
      vault: stores.vault,
      dataDir,
      clock,
      log,
      ...first,
      foreignKey: other.apiKey,
    },
    post: (path, body, headers) =>
      send(
        path,
        {
          method: 'POST',
          body: typeof body === 'string' || body === undefined ? body : JSON.stringify(body),
        },
        { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ),
    get: (path, headers) => send(path, { method: 'GET' }, headers),
    close: async () => {
      await app.close();
      await stores.close();
      rmSync(dataDir, { recursive: true });
    },
  };
}

async function addWorkspace(records: Records, name: string) {
  const workspaceId = randomUUID();
  await records.workspaces.create({ workspaceId, name, isSandbox: true, settings: {}, createdAt: NOW });
  const apiKey = newApiToken(new CryptoRandom());
  await records.apiKeys.create({ apiKeyId: randomUUID(), workspaceId, name, token: apiKey, createdAt: NOW });
  return { workspaceId, apiKey };
}
