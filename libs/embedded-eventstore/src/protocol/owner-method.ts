const asIs = (bytes: Buffer): Buffer => bytes;

/**
 * A call that is no part of EventStoreDB's protocol, for the node's owner alone: its messages are bytes as they are.
 * @param path as gRPC has it: /service/Method
 */
export const ownerMethod = <Requests extends boolean, Responses extends boolean>(
  path: string,
  streams: { readonly requestStream: Requests; readonly responseStream: Responses },
) => ({
  path,
  ...streams,
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
});
