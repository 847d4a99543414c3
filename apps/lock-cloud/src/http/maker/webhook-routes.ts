import type { FastifyInstance } from 'fastify';
import type { Cloud } from '../../cloud';
import { notFound } from '../../errors';
import * as schemas from '../schemas';
import type { ById } from './own';

/** Where an account's reports are sent. */
export function webhookRoutes(app: FastifyInstance, cloud: Cloud): void {
  app.get('/webhooks', (request) => ({
    webhooks: cloud.webhooks
      .list(request.accountId)
      .map(({ webhook_id, url, events }) => ({ webhook_id, url, events, status: 'active' })),
  }));
  app.post('/webhooks', (request, reply) => {
    const { url, events } = schemas.read(schemas.newWebhook, request.body);
    const { webhook_id } = cloud.change(() => cloud.webhooks.subscribe(request.accountId, url, events));
    return reply.code(201).send({ webhook_id, status: 'active' });
  });
  app.delete<ById>('/webhooks/:id', (request) => {
    const { id } = request.params;
    if (!cloud.change(() => cloud.webhooks.unsubscribe(request.accountId, id))) throw notFound('webhook');
    return { webhook_id: id, status: 'deleted' };
  });
}
