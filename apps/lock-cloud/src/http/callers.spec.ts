import { request } from 'node:http';
import { CloudClient } from '../testing/cloud-client';

describe('who the simulator answers to', () => {
  let cloud: CloudClient;

  beforeAll(async () => {
    cloud = await CloudClient.start();
  });
  afterAll(() => cloud.close());

  /** fetch does not let a Host or Origin be set. */
  const status = (headers: Record<string, string>, path = '/simulator/locks') =>
    new Promise<number>((resolve, reject) => {
      const asked = request(cloud.url + path, { headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode!);
      });
      asked.once('error', reject);
      asked.end();
    });

  it.each([
    [{}, 200],
    [{ host: 'localhost:3100' }, 200],
    [{ host: '[::1]:3100' }, 200],
    [{ host: '127.9.9.9' }, 200],
    [{ host: 'localhost:3100', origin: 'http://localhost:3100' }, 200],
    // A name that somebody has pointed at the loopback address.
    [{ host: 'evil.example' }, 403],
    [{ host: '127.0.0.1.evil.example:3100' }, 403],
    [{ host: 'localhost.evil.example' }, 403],
    [{ origin: 'https://evil.example' }, 403],
    [{ origin: 'null' }, 403],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    // A webhook that a tenant has pointed here.
    [{ 'svix-id': 'msg_1' }, 403],
    [{ 'webhook-id': 'msg_1' }, 403],
  ] as [Record<string, string>, number][])('%j: %i', async (headers, expected) => {
    expect(await status(headers)).toBe(expected);
  });

  it('leaves the API of the lock maker to everybody with a token', async () => {
    const headers = { host: 'locks.example', authorization: `Bearer ${cloud.accessToken}` };
    expect(await status(headers, '/locks')).toBe(200);
  });
});
