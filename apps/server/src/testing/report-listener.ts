import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LockReports } from '@latchkey/access-codes';
import { type LockReport, parseReport } from '@latchkey/gateways';

const PATH = '/reports/';

/** Takes the lock cloud's reports where no API listens, for whichever server is alive. */
export async function listenForReports(maker: string) {
  let reports: Pick<LockReports, 'take'> | undefined;
  let beforeNext: (() => Promise<unknown>) | undefined;
  const received: { accountId: string; report: LockReport }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    const take = () => {
      const report = parseReport(JSON.parse(Buffer.concat(chunks).toString('utf8')));
      const accountId = request.url!.slice(PATH.length);
      if (report) received.push({ accountId, report });
      const taken =
        report && reports ? reports.take({ accountId, maker }, report) : Promise.resolve('taken' as const);
      taken.then(
        (reception) => response.writeHead(reception === 'taken' ? 200 : 503).end(),
        () => response.writeHead(500).end(),
      );
    };
    request.on('end', () => {
      const before = beforeNext?.();
      beforeNext = undefined;
      if (before) void before.then(take);
      else take();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    urlFor: (accountId: string) => `http://127.0.0.1:${port}${PATH}${accountId}`,
    handTo(next: Pick<LockReports, 'take'>): void {
      reports = next;
    },
    /** The next report is on its way until this has happened. */
    delayNext(until: () => Promise<unknown>): void {
      beforeNext = until;
    },
    /** Every report that ever came, once more, the latest first. */
    async repeatAll(): Promise<void> {
      for (const { accountId, report } of [...received].reverse())
        await reports?.take({ accountId, maker }, report);
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
