import { type sendUnaryData, type ServerUnaryCall, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { type Empty } from '@eventstore/db-client/generated/shared_pb';
import { SupportedMethod, SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb';
import { type NodeService } from '../protocol/definitions';

/** The server version this node behaves as. */
export const SERVER_VERSION = '23.10.6';

/** Tells clients which calls there are, and which variants of them, so that they pick the best they know. */
export function serverFeaturesService(services: () => readonly NodeService[]): UntypedServiceImplementation {
  return {
    getSupportedMethods: (
      _call: ServerUnaryCall<Empty, SupportedMethods>,
      callback: sendUnaryData<SupportedMethods>,
    ) => {
      const response = new SupportedMethods();
      response.setEventStoreServerVersion(SERVER_VERSION);
      for (const { definition } of services()) {
        for (const { path } of Object.values(definition)) response.addMethods(supported(path));
      }
      callback(null, response);
    },
  };
}

function supported(path: string): SupportedMethod {
  const [service = '', name = ''] = path.toLowerCase().slice(1).split('/');
  const method = new SupportedMethod();
  method.setServiceName(service);
  method.setMethodName(name);
  method.setFeaturesList(features(service, name));
  return method;
}

function features(service: string, method: string): string[] {
  if (service.endsWith('persistentsubscriptions')) return ['stream', 'all'];
  if (service.endsWith('streams') && method === 'read') return ['position', 'events'];
  if (service.endsWith('streams') && method === 'batchappend') return ['deadline_duration'];
  return [];
}
