import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { reportsPath, REPORTS_ROUTE } from '@latchkey/gateways';
import Fastify, { type FastifyInstance } from 'fastify';
import { CloudOutlook } from './cloud-outlook';
import { hearReports } from './hear-reports';

const core = { lockCalls: 2 };
const headers = { 'x-simulated-activity': '7', 'x-simulated-next-due': 'never' };

describe('a report of the lock cloud', () => {
  let app: FastifyInstance;
  let outlook: CloudOutlook;
  let answer: () => Promise<number>;

  beforeEach(async () => {
    outlook = new CloudOutlook();
    app = Fastify();
    hearReports(app, outlook, core);
    app.post(REPORTS_ROUTE, async (_request, reply) => reply.code(await answer()).send({}));
    app.post('/other', () => ({}));
    await app.listen({ port: 0, host: '127.0.0.1' });
  });

  afterEach(() => app.close());

  const url = (path: string) => `http://127.0.0.1:${(app.server.address() as AddressInfo).port}${path}`;
  const comes = (path = reportsPath('lock-cloud', 'token')) => fetch(url(path), { method: 'POST', headers });

  it('tells what is left to do once it is taken', async () => {
    answer = () => {
      expect(outlook.nextDueAfter(2)).toBeUndefined();
      return Promise.resolve(200);
    };
    await comes();
    await outlook.reportsAnswered();
    expect(outlook.nextDueAfter(2)).toBeNull();
  });

  it('tells nothing where it is refused, or is none', async () => {
    answer = () => Promise.resolve(503);
    await comes();
    await comes('/other');
    await outlook.reportsAnswered();
    expect(outlook.nextDueAfter(2)).toBeUndefined();
  });

  it('tells nothing, and is not waited for, where its sender has gone', async () => {
    let end: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      answer = () => {
        resolve();
        return new Promise((taken) => (end = () => taken(200)));
      };
    });
    const sending = request(url(reportsPath('lock-cloud', 'token')), { method: 'POST', headers });
    sending.on('error', () => undefined);
    const gone = new Promise((resolve) => sending.once('close', resolve));
    sending.end();
    await asked;
    sending.destroy();
    await gone;
    await outlook.reportsAnswered();
    end();
    expect(outlook.nextDueAfter(2)).toBeUndefined();
  });
});
