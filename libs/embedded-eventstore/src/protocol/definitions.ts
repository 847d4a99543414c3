import { type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';

/** A method of a service, changed so that its handler writes the bytes of its answers itself. */
export function withEncodedResponses(service: object, ...methods: string[]): ServiceDefinition {
  const definition = { ...service } as Record<string, Record<string, unknown>>;
  for (const method of methods) {
    definition[method] = { ...definition[method], responseSerialize: (bytes: Buffer) => bytes };
  }
  return definition as unknown as ServiceDefinition;
}

/** A service as a server needs it: what it is, and what answers. */
export interface NodeService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}
