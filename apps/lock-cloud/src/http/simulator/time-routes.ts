import type { FastifyInstance } from 'fastify';
import { iso, isoOrNull } from '../../clock';
import type { Cloud } from '../../cloud';
import type { ClockReading } from '../../player';
import { furnishAgain } from '../../sandbox';
import * as schemas from '../schemas';

/** The clock, and the way back to the beginning. */
export function timeRoutes(app: FastifyInstance, cloud: Cloud): void {
  app.post('/simulator/reset', () => {
    furnishAgain(cloud);
    return {};
  });

  app.get('/simulator/clock', () => clockView(cloud.player.read()));
  app.post('/simulator/clock', async (request) => {
    const { now = null, running = cloud.clock.running } = schemas.read(schemas.clockSetting, request.body);
    return clockView(await cloud.player.advance(now, running));
  });
}

const clockView = ({ now, next_due_at, ...rest }: ClockReading) => ({
  now: iso(now),
  next_due_at: isoOrNull(next_due_at),
  ...rest,
});
