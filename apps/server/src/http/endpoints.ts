import { endpointOf, type SeamEndpoint } from '@latchkey/http';
import type { INestApplication } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';

/** An endpoint of the API, and the controller's method that answers it. */
export interface RoutedEndpoint {
  readonly endpoint: SeamEndpoint;
  readonly controller: Readonly<Record<string, (...args: unknown[]) => unknown>>;
  readonly method: string;
}

/** Every endpoint that a controller of the application declares by @SeamRoute. */
export function endpointsOf(app: INestApplication): RoutedEndpoint[] {
  const scanner = new MetadataScanner();
  return app
    .get(DiscoveryService, { strict: false })
    .getControllers()
    .flatMap(({ instance }) => {
      if (!instance) return [];
      const controller = instance as RoutedEndpoint['controller'];
      return scanner.getAllMethodNames(Object.getPrototypeOf(controller) as object).flatMap((method) => {
        const endpoint = endpointOf(controller[method]!);
        return endpoint ? [{ endpoint, controller, method }] : [];
      });
    });
}
