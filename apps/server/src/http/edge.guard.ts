import { actsOnGet, type EdgeRequest, isOpen } from '@latchkey/http';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Admission } from './admission';

/** Admits requests to what is not an endpoint of the API: health, documents, pages, lock makers' reports. */
@Injectable()
export class EdgeGuard implements CanActivate {
  constructor(private readonly admission: Admission) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest & EdgeRequest>();
    await this.admission.admit(request, http.getResponse<FastifyReply>(), {
      // Except for HEAD, the verb that led here is one that is answered.
      verbs: actsOnGet(context.getHandler()) ? ['GET'] : [request.method],
      sandboxOnly: false,
      open: isOpen(context.getHandler(), context.getClass()),
      permission: undefined,
    });
    return true;
  }
}
