import { createLogger } from '@latchkey/platform';
import type { FastifyRequest } from 'fastify';
import { ApiErrors } from './api-errors';

describe('a request that failed', () => {
  it('is logged without the secrets that its address holds', () => {
    const lines: string[] = [];
    const errors = new ApiErrors(createLogger('debug', { write: (line) => void lines.push(line) }));
    const url = '/lock_makers/acme/reports/96d4fba4.s3cret-part?auth_token=s3cret-too';
    const told = errors.from(new Error('the disk is full'), {
      ...{ id: 'request 1', method: 'POST', url },
    } as FastifyRequest);
    expect(told.status).toBe(500);
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toMatchObject({ path: '/lock_makers/acme/reports/[hidden]' });
    expect(lines.join()).not.toContain('s3cret');
  });
});
