import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Cloud } from '../../cloud';
import { authorizeRoutes } from './authorize-routes';
import { type Client, isClient, refuse } from './client';
import { tokenRoutes } from './token-routes';

const registration = z.strictObject({ redirect_uris: z.array(z.url({ protocol: /^https?$/ })).max(20) });

/** OAuth2 with authorization codes (RFC 6749, 4.1): the consent page, and the tokens. */
export function oauth(cloud: Cloud, client: Client) {
  let redirectUris = client.redirectUris;
  return (app: FastifyInstance, _options: unknown, done: () => void): void => {
    app.put('/oauth/client', (request, reply) => {
      if (!isClient(request, {}, client))
        return refuse(reply, 401, 'invalid_client', 'Unknown client, or a wrong secret.');
      const wanted = registration.safeParse(request.body);
      if (!wanted.success)
        return refuse(reply, 400, 'invalid_redirect_uri', 'redirect_uris must be http or https URLs.');
      redirectUris = wanted.data.redirect_uris;
      return reply.send({ redirect_uris: redirectUris });
    });

    authorizeRoutes(app, cloud, () => ({ ...client, redirectUris }));
    tokenRoutes(app, cloud, client);
    done();
  };
}
