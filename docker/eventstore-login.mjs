// Makes the login by which the servers use an EventStoreDB, so that none of them is its `admin`, and closes all streams
// to everybody else. May be run again. The cluster's compose file runs it once, before the servers.
//
//   EVENTSTORE_ADDRESS   host:port of a node
//   EVENTSTORE_CA        the certificate of the authority that signed the nodes'
//   EVENTSTORE_PASSWORD  of the user admin
//   LATCHKEY_PASSWORD    that the user latchkey is to have
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';

const { EVENTSTORE_ADDRESS, EVENTSTORE_CA, EVENTSTORE_PASSWORD, LATCHKEY_PASSWORD } = process.env;
for (const name of ['EVENTSTORE_ADDRESS', 'EVENTSTORE_CA', 'EVENTSTORE_PASSWORD', 'LATCHKEY_PASSWORD'])
  if (!process.env[name]) throw new Error(`${name} is not set`);

const LOGIN = 'latchkey';
const WITHIN_MS = 10_000;

/** One call of the HTTP API, which alone manages users. @returns the status */
function call(path, body) {
  return new Promise((resolve, reject) => {
    const asked = request(
      `https://${EVENTSTORE_ADDRESS}${path}`,
      {
        method: 'POST',
        auth: `admin:${EVENTSTORE_PASSWORD}`,
        ca: readFileSync(EVENTSTORE_CA),
        headers: { 'content-type': 'application/json' },
        timeout: WITHIN_MS,
      },
      (answer) => {
        answer.resume();
        answer.once('end', () => resolve(answer.statusCode));
      },
    );
    asked.once('timeout', () => asked.destroy(new Error(`no answer within ${WITHIN_MS} ms`)));
    asked.once('error', reject);
    asked.end(JSON.stringify(body));
  });
}

const made = await call('/users/', {
  loginName: LOGIN,
  fullName: 'Latchkey servers',
  groups: [],
  password: LATCHKEY_PASSWORD,
});
if (made === 409) {
  const changed = await call(`/users/${LOGIN}/command/reset-password`, { newPassword: LATCHKEY_PASSWORD });
  if (changed >= 300) throw new Error(`the password of ${LOGIN} could not be set: ${changed}`);
} else if (made >= 300) {
  throw new Error(`the user ${LOGIN} could not be made: ${made}`);
}

const client = EventStoreDBClient.connectionString(
  `esdb://admin:${encodeURIComponent(EVENTSTORE_PASSWORD)}@${EVENTSTORE_ADDRESS}?tlsCAFile=${EVENTSTORE_CA}`,
);
const ours = ['$admins', LOGIN];
const acl = { $r: ours, $w: ours, $d: ours, $mr: ours, $mw: ours };
// Without metadata of its own a stream is the servers'; those of the event store itself stay its administrators'.
await client.appendToStream(
  '$settings',
  jsonEvent({ type: 'update-default-acl', data: { $userStreamAcl: acl } }),
);
await client.setStreamMetadata('$all', { acl: { readRoles: ours } });
await client.dispose();
console.log(`the login ${LOGIN} may use the event store, and nobody else but its administrators`);
