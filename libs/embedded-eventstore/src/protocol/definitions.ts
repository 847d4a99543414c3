import { type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';

/** A method of a service, changed so that its handler writes the bytes of its answers itself. */
export function withEncodedResponses(service: object, ...methods: string[]): ServiceDefinition {
  const definition = { ...service } as Record<string, Record<string, unknown>>;
  for (const method of methods) {
    definition[method] = { ...definition[method], responseSerialize: (bytes: Buffer) => bytes };
  }
  return definition as unknown as ServiceDefinition;
}

/** The service with one method's requests decoded by `decode`. */
export function withDecodedRequests(
  service: ServiceDefinition,
  method: string,
  decode: (bytes: Buffer) => unknown,
): ServiceDefinition {
  const definition = { ...service } as unknown as Record<string, Record<string, unknown>>;
  definition[method] = { ...definition[method], requestDeserialize: decode };
  return definition as unknown as ServiceDefinition;
}

/** A service as a server needs it: what it is, and what answers. */
export interface NodeService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}
