import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import pinoHttp from 'pino-http';
import { pinsIn } from '../testing/pins-in';
import { createLogger } from './logger';

/** A logger and the entries that it has written. */
function logging(level: Parameters<typeof createLogger>[0] = 'info') {
  const lines: string[] = [];
  const logger = createLogger(level, { write: (line) => void lines.push(line) });
  return { logger, lines, entries: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('the logger', () => {
  it('writes one JSON object a line, with the level and the time', () => {
    const { logger, lines, entries } = logging();
    logger.info({ deviceId: 'x' }, 'programmed\nit');
    logger.debug('not seen');

    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^[^\n]+\n$/);
    expect(entries()[0]).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      deviceId: 'x',
      msg: 'programmed\nit',
    });
  });

  it('hides what has the name of a secret, however deep, and nothing else', () => {
    const { logger, lines } = logging();
    class Command {
      name = 'Guest';
      code = '48213';
    }
    logger.info({
      pin: '48213',
      command: new Command(),
      list: [{ access_token: '48213' }, { nested: { deeper: { api_key: '48213', client_secret: '48213' } } }],
      map: new Map([['a', { newCode: 48213 }]]),
      headers: { Authorization: 'Bearer 48213', 'set-cookie': ['48213'], accept: 'json' },
      callback: { url: '/oauth/callback?code=48213&state=48213&page=2' },
      shipping: 'tomorrow',
      codes: 3,
    });

    expect(pinsIn(lines[0]!, '48213')).toEqual([]);
    expect(lines[0]).toContain('"name":"Guest"');
    expect(lines[0]).toContain('"shipping":"tomorrow"');
    expect(lines[0]).toContain('"codes":3');
    expect(lines[0]).toContain('page=2');
    expect(lines[0]).toContain('"accept":"json"');
  });

  it('hides secrets of child loggers too', () => {
    const { logger, lines } = logging();
    logger.child({ pin: '48213', device: 'x' }).info('hello');

    expect(pinsIn(lines[0]!, '48213')).toEqual([]);
    expect(lines[0]).toContain('"device":"x"');
  });

  it('shows errors with their codes and causes, and hides the secrets that they carry', () => {
    const { logger, entries, lines } = logging();
    const cause = Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' });
    const error = new Error('not programmed', { cause });
    Object.assign(error, { code: '23505', request: { code: '48213' }, token: '48213' });
    logger.error(error);

    expect(pinsIn(lines[0]!, '48213')).toEqual([]);
    expect(entries()[0]).toMatchObject({
      msg: 'not programmed',
      err: {
        type: 'Error',
        code: '23505',
        stack: expect.stringContaining('logger.spec'),
        cause: { code: 'ECONNREFUSED', message: 'connection refused' },
      },
    });
  });

  it('writes entries that hold themselves, and very large ones', () => {
    const { logger, lines } = logging();
    const loop: Record<string, unknown> = { name: 'loop' };
    loop.self = loop;
    logger.info({ loop, big: 2n ** 60n, many: Array.from({ length: 100_000 }, () => ({ a: 1 })) });

    expect(lines[0]).toContain('"name":"loop"');
    expect(lines[0]!.length).toBeLessThan(1_000_000);
  });

  it('leaves what is logged as it was', () => {
    const { logger } = logging();
    const given = { command: { code: '48213' } };
    logger.info(given);

    expect(given).toEqual({ command: { code: '48213' } });
  });

  it('shows requests without their secrets', async () => {
    const { logger, lines, entries } = logging();
    const middleware = pinoHttp({ logger });
    const server = createServer((request, response) => {
      middleware(request, response);
      response.setHeader('set-cookie', 'session=48213');
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await fetch(`http://127.0.0.1:${port}/access_codes/get?code=48213&device_id=x`, {
      headers: { authorization: 'Bearer 48213', 'user-agent': 'test' },
    });
    await new Promise((resolve) => server.close(resolve));

    expect(pinsIn(lines.join(''), '48213')).toEqual([]);
    expect(entries()[0]).toMatchObject({
      req: {
        method: 'GET',
        url: '/access_codes/get?code=[hidden]&device_id=x',
        headers: { 'user-agent': 'test' },
      },
      res: { statusCode: 200 },
    });
  });
});
