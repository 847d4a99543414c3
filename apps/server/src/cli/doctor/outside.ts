import { connect } from 'node:net';
import { type Account, ACCOUNTS, accountErrors, type DevicesTables } from '@latchkey/devices';
import { type Database, tablesOf } from '@latchkey/database';
import { isLocal, type LockSystem, readLockSystemsFile } from '@latchkey/gateways';
import { type Config, within } from '@latchkey/platform';
import { DeliveryBacklog } from '@latchkey/public-events';
import { bad, checked, type Finding, type Found, ok, warn } from './check';
import type { Patient } from './stores';

/** So long a server or a lock system has to answer, ms. */
const ANSWERS_WITHIN_MS = 5_000;
/** More messages than this waiting for an endpoint are told, though they get through. */
const BACKLOG = 1_000;

/** What the server talks to, and the server itself. @param env where lock systems' passwords are */
export function outsideChecks(patient: Patient, env: NodeJS.ProcessEnv): (() => Promise<Finding>)[] {
  const { config } = patient;
  return [
    () => checked('server', 'see its log', () => server(config)),
    () => checked('lock systems', 'see LOCK_MAKERS_FILE', () => lockSystems(config, env)),
    () => checked('accounts', 'see the log', () => accounts(patient)),
    () => checked('webhooks', 'npm run latchkey -- webhooks list', () => webhooks(patient)),
  ];
}

async function server({ host, port }: Config): Promise<Found> {
  const own = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  const url = `http://${own.includes(':') ? `[${own}]` : own}:${port}/health/ready`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWERS_WITHIN_MS) }).catch(() => undefined);
  if (!answer)
    return warn(`nothing answers at ${url}`, 'npm start, or set HOST and PORT as the server has them');
  if (answer.ok) return ok(`ready at ${url}`);
  const body = (await answer.json().catch(() => ({}))) as { error?: Record<string, { message?: string }> };
  const reasons = Object.entries(body.error ?? {}).map(
    ([name, { message = 'down' }]) => `${name}: ${message}`,
  );
  return bad(
    `not ready (${answer.status}): ${reasons.join('; ') || 'no reason given'}`,
    'mend what it names',
  );
}

async function lockSystems({ lockMakersFile, sandbox }: Config, env: NodeJS.ProcessEnv): Promise<Found> {
  if (sandbox) return ok('simulated');
  if (lockMakersFile === undefined)
    return warn('none', 'name the lock systems in a file, and it in LOCK_MAKERS_FILE');
  const systems = [...(await readLockSystemsFile(lockMakersFile, env)).values()];
  const silent: string[] = [];
  await Promise.all(
    systems.map(async (system) => {
      const address = addressOf(system);
      if (address !== undefined && !(await answersAt(address))) silent.push(system.displayName);
    }),
  );
  if (silent.length > 0)
    return bad(
      `can't be reached: ${silent.join(', ')}`,
      'see the network, and their addresses in LOCK_MAKERS_FILE',
    );
  return ok(
    `${systems.length} of ${systems.length} can be reached, or say their addresses when they are connected`,
  );
}

const addressOf = (system: LockSystem): string | undefined =>
  isLocal(system) ? system.connection?.address : system.baseUrl;

const PORTS: Readonly<Record<string, number>> = { 'https:': 443, 'wss:': 443, 'mqtts:': 8883, 'mqtt:': 1883 };

/** Whether somebody takes connections there. */
async function answersAt(address: string): Promise<boolean> {
  const { hostname, port, protocol } = new URL(address);
  const host = hostname.replace(/^\[|\]$/g, '');
  const socket = connect({ host, port: port === '' ? (PORTS[protocol] ?? 80) : Number(port) });
  const connected = new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  });
  try {
    return await within(connected, ANSWERS_WITHIN_MS, () => new Error('late'));
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function accounts({ stores }: Patient): Promise<Found> {
  const { db, engine } = stores.views as Database<DevicesTables>;
  if (!(await tablesOf(db, engine)).includes(ACCOUNTS)) return ok('none yet');
  const rows = await db.selectFrom(ACCOUNTS).select('state').where('removed', '=', 0).execute();
  const all = rows.map(({ state }) => JSON.parse(state) as Account);
  const troubled = all.flatMap((account) => {
    const [error] = accountErrors(account);
    return error ? [`${account.displayName} (${account.accountId}): ${error.error_code}`] : [];
  });
  if (troubled.length === 0) return ok(`${all.length} connected`);
  return warn(troubled.join('; '), 'connect them again, or wait until their lock system is back');
}

async function webhooks({ stores }: Patient): Promise<Found> {
  const backlogs = await new DeliveryBacklog(stores.recordsDatabase).all();
  const lists: string[] = [];
  let count = 0;
  for (const { workspaceId } of await stores.records.workspaces.list()) {
    for (const { webhookId, failingSince, disabledAt } of await stores.records.webhookEndpoints.list(
      workspaceId,
    )) {
      count++;
      const waiting = backlogs.get(webhookId)?.waiting ?? 0;
      if (disabledAt !== null) lists.push(`${webhookId} is disabled`);
      else if (failingSince !== null) lists.push(`${webhookId} fails, ${waiting} wait`);
      else if (waiting > BACKLOG) lists.push(`${waiting} wait for ${webhookId}`);
    }
  }
  if (lists.length === 0) return ok(count === 0 ? 'none' : `${count} in use`);
  return warn(lists.join('; '), 'npm run latchkey -- webhooks list; then webhooks enable or retry');
}
