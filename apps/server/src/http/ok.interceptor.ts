import { endpointOf } from '@latchkey/http';
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { map, type Observable } from 'rxjs';

/** Adds `ok: true` to what an endpoint answers. */
@Injectable()
export class OkInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler<object | undefined>): Observable<unknown> {
    if (!endpointOf(context.getHandler())) return next.handle();
    return next.handle().pipe(map((answer) => ({ ...answer, ok: true })));
  }
}
