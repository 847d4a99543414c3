import { createSocket } from 'node:dgram';
import { promises } from 'node:dns';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AddressRules, isInternal } from './addresses';
import { Names } from './names';
import { Sender } from './sender';

describe('addresses', () => {
  it.each([
    '0.0.0.0',
    '10.255.0.1',
    '100.64.0.1',
    '100.100.100.200',
    '127.8.8.8',
    '168.63.129.16',
    '169.254.169.254',
    '172.31.255.255',
    '192.88.99.1',
    '192.168.1.1',
    '198.51.100.7',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:8.8.8.8',
    '64:ff9b::a00:1',
    '2001:db8::1',
    '2001:0:1::1',
    '2002:a00:1::',
    '3fff::1',
    '4000::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    'no address',
  ])('of the inside are told: %s', (address) => {
    expect(isInternal(address)).toBe(true);
  });

  it.each([
    '8.8.8.8',
    '100.128.0.1',
    '168.63.129.17',
    '172.32.0.1',
    '193.0.0.1',
    '2606:4700:4700::1111',
    '2a00:1450:4001::1',
  ])('of the world are told: %s', (address) => {
    expect(isInternal(address)).toBe(false);
  });

  it('of the inside get nothing, by their number or by a name', async () => {
    const received: string[] = [];
    const server = createServer((request, response) => {
      received.push(request.url!);
      response.end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const sender = new Sender({ rules: new AddressRules(false), answerWithinMs: 300 });
    const sent = [];
    for (const host of ['127.0.0.1', 'localhost', 'localhost.', '[::1]']) {
      const url = `https://${host}:${port}/hook`;
      sent.push(await sender.send({ id: 'msg_1', url, secret: SECRET, body: '{}' }));
    }
    await sender.close();
    server.close();

    expect(sent).toEqual(Array(4).fill({ ok: false, reason: 'address refused' }));
    expect(received).toEqual([]);
  });
});

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

describe('where a webhook may go', () => {
  const outside = new AddressRules(false);

  it.each([
    ['https://hooks.example.com/latchkey', null],
    ['https://hooks.example.com:8443/', null],
    ['https://hooks.example.com:1024/', null],
    ['http://hooks.example.com/', 'must be an https URL'],
    ['https://hooks.example.com:22/', 'must not name that port'],
    ['https://hooks.example.com:25/', 'must not name that port'],
    ['https://hooks.example.com:80/', 'must not name that port'],
    ['https://hooks.example.com:6667/', 'must not name that port'],
    ['https://168.63.129.16/', 'must be an address on the public internet'],
    ['https://100.100.100.200/', 'must be an address on the public internet'],
    ['https://[fd00:ec2::254]/', 'must be an address on the public internet'],
    ['https://metadata.google.internal/', 'must be an address on the public internet'],
    ['https://metadata.google.internal./', 'must be an address on the public internet'],
    ['https://intranet/', 'must be an address on the public internet'],
    ['https://printer.local/', 'must be an address on the public internet'],
  ])('outside the sandbox: %s', (url, refusal) => {
    expect(outside.refusalOf(url)).toBe(refusal);
  });

  it('is anywhere in the sandbox', () => {
    expect(new AddressRules(true).refusalOf('http://127.0.0.1:25/')).toBeNull();
  });

  it('is inside too where the operator allows it, and nowhere else there', () => {
    const rules = new AddressRules(false, ['10.1.0.0/16', '192.168.1.5', 'fd12::/16', 'Booking.lan']);
    for (const url of [
      'http://10.1.2.3:8080/',
      'http://192.168.1.5/',
      'http://[fd12::1]/',
      'http://booking.lan/',
    ]) {
      expect(rules.refusalOf(url)).toBeNull();
    }
    for (const url of ['https://10.2.0.1/', 'https://192.168.1.6/', 'https://printer.lan.local/']) {
      expect(rules.refusalOf(url)).toBe('must be an address on the public internet');
    }
    expect([rules.permits('10.1.255.1'), rules.permits('10.2.0.1'), rules.permits('8.8.8.8')]).toEqual([
      true,
      false,
      true,
    ]);
  });
});

describe('names', () => {
  const answers: Record<string, string[]> = {
    'out.example': ['93.184.216.34'],
    'in.example': ['10.0.0.1'],
    'both.example': ['93.184.216.34', '169.254.169.254'],
  };
  const resolver = {
    resolve4: (host: string) =>
      answers[host] ? Promise.resolve(answers[host]) : Promise.reject(new Error('ENOTFOUND')),
    resolve6: () => Promise.reject(new Error('ENODATA')),
  };
  const names = new Names(new AddressRules(false), resolver);

  it('that lead out are resolved', async () => {
    expect(await names.addressesOf('out.example')).toEqual([{ address: '93.184.216.34', family: 4 }]);
  });

  it('that lead inside, partly inside or nowhere are refused in the same words', async () => {
    const said = await Promise.all(
      ['in.example', 'both.example', 'no.example'].map((host) =>
        names.addressesOf(host).catch((error: Error) => error.message.replace(host, 'HOST')),
      ),
    );
    expect(said).toEqual(Array(3).fill('HOST is not reachable'));
  });

  it('whose server is silent are given up, and take nothing from other lookups of this process', async () => {
    const silent = createSocket('udp4').bind(0, '127.0.0.1');
    await once(silent, 'listening');
    const slow = new promises.Resolver({ timeout: 50, tries: 1 });
    slow.setServers([`127.0.0.1:${silent.address().port}`]);
    const asked = new Names(new AddressRules(false), slow);
    const waiting = Array.from({ length: 100 }, (_, n) => asked.leadsOut(`https://slow${n}.example/`));
    // By the threads that lock makers' names are looked up with: were they taken, this would wait.
    const other = promises.lookup('localhost').then(() => 'found');
    expect(await Promise.race([other, Promise.all(waiting).then(() => 'after the slow ones')])).toBe('found');
    expect(await Promise.all(waiting)).toEqual(Array(100).fill(false));
    silent.close();
  });
});
