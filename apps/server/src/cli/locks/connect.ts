import { ConnectWebviewRecords, makeOwnWebview } from '@latchkey/connect-webviews';
import type { LocalConnection, LocalSystem } from '@latchkey/gateways';
import { type Config, createLogger, CryptoRandom, lockUnlessHeld, RandomIds } from '@latchkey/platform';
import { Refusal } from '../command-line';
import type { OpenedStores } from '../stores';

/** So long the connection is tried, and its locks read, ms. */
const CONNECTS_WITHIN_MS = 90_000;

/**
 * Connects a local system to a workspace by the form of the connect webview's page: sent to the running server, or,
 * where none runs, to one that is started for it and works on no codes.
 * @returns the id of the account
 * @throws {Refusal} that says what to do
 */
export async function connectSystem(
  { config, stores, clock }: OpenedStores,
  system: LocalSystem,
  workspaceId: string,
  given: LocalConnection,
): Promise<string> {
  const { recordsDatabase, vault } = stores;
  const webviews = await ConnectWebviewRecords.open(recordsDatabase, vault);
  const connectWebviewId = new RandomIds().uuid();
  const of = { connectWebviewId, workspaceId, provider: system.name };
  const form = await makeOwnWebview(webviews, of, { clock, random: new CryptoRandom() });
  try {
    const server = await serverOf(config);
    try {
      await send(server, { ...form, ...fieldsOf(given) }, system);
    } finally {
      await server.close();
    }
    const { connectedAccountId } = (await webviews.find(connectWebviewId))!;
    return connectedAccountId!;
  } catch (error) {
    // Nobody else has the link, and nobody will use it.
    await webviews.delete(workspaceId, connectWebviewId);
    throw error;
  }
}

interface Server {
  readonly url: string;
  readonly isRunning: boolean;
  readonly close: () => Promise<void>;
}

/** The server that has the data folder, or one that only answers requests. */
async function serverOf(config: Config): Promise<Server> {
  const folder = lockUnlessHeld(config.dataDir);
  if (!folder) return { url: urlOf(config), isRunning: true, close: () => Promise.resolve() };
  folder.release();
  const { startServer } = await import('../../server.js');
  const own = { host: '127.0.0.1', port: 0, eventstorePort: 0, lockCloudPort: 0, publicUrl: OWN_URL };
  const server = await startServer(
    { ...config, ...own, metricsPort: undefined, roles: ['api'] },
    createLogger('silent'),
  );
  return { url: server.url, isRunning: false, close: () => server.close() };
}

/** Follows the port that is picked. */
const OWN_URL = 'http://127.0.0.1:0';

function urlOf({ host, port }: Config): string {
  const own = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${own.includes(':') ? `[${own}]` : own}:${port}`;
}

const fieldsOf = ({ address, username, password, pairingCode }: LocalConnection) => ({
  ...(address === undefined ? {} : { address }),
  ...(username === undefined ? {} : { username }),
  ...(password === undefined ? {} : { password }),
  ...(pairingCode === undefined ? {} : { pairing_code: pairingCode }),
});

async function send({ url }: Server, fields: object, { name }: LocalSystem): Promise<void> {
  const answer = await fetch(`${url}/connect_webviews/local`, {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: JSON.stringify(fields),
    signal: AbortSignal.timeout(CONNECTS_WITHIN_MS),
  }).catch(() => null);
  if (answer === null)
    throw new Refusal(`The server does not answer at ${url}: set HOST and PORT as the server has them.`);
  const said = (await answer.json().catch(() => null)) as {
    connected: boolean;
    reason: string | null;
  } | null;
  if (answer.status === 400)
    throw new Refusal(`The running server does not know ${name}: start it again with this file.`);
  if (answer.status >= 400 || said === null)
    throw new Refusal(`What answers at ${url} is not the server of this data folder (${answer.status}).`);
  if (!said.connected) throw new Refusal(said.reason ?? 'It could not be connected.');
}
