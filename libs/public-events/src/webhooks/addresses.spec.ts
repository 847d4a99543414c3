import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { isInternal, leadsInside } from './addresses';
import { Sender } from './sender';

describe('addresses', () => {
  it.each([
    '0.0.0.0',
    '10.255.0.1',
    '100.64.0.1',
    '127.8.8.8',
    '169.254.169.254',
    '172.31.255.255',
    '192.168.1.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:8.8.8.8',
    '64:ff9b::a00:1',
    '2001:db8::1',
    '2002:a00:1::',
    'fc00::1',
    'fe80::1',
    'ff02::1',
    'no address',
  ])('of the inside are told: %s', (address) => {
    expect(isInternal(address)).toBe(true);
  });

  it.each(['8.8.8.8', '100.128.0.1', '172.32.0.1', '193.0.0.1', '2606:4700:4700::1111', '2a00:1450:4001::1'])(
    'of the world are told: %s',
    (address) => {
      expect(isInternal(address)).toBe(false);
    },
  );

  it('of the inside get nothing, by their number or by a name that leads there', async () => {
    const received: string[] = [];
    const server = createServer((request, response) => {
      received.push(request.url!);
      response.end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const sender = new Sender({ internalAllowed: false, answerWithinMs: 300 });
    const sent = [];
    for (const host of ['127.0.0.1', 'localhost', await internalName()]) {
      const url = `http://${host}:${(server.address() as AddressInfo).port}/hook`;
      const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
      sent.push(await sender.send({ id: 'msg_1', url, secret, body: '{}' }));
    }
    await sender.close();
    server.close();

    expect(sent).toEqual(Array(3).fill({ ok: false, reason: 'address refused' }));
    expect(received).toEqual([]);
  });
});

/** A name that resolves to an internal address: this machine's own, or else one that most resolvers know. */
async function internalName(): Promise<string> {
  return (await leadsInside(`http://${hostname()}/`)) ? hostname() : 'ip6-localhost';
}
