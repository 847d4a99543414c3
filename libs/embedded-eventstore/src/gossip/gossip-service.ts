import { type sendUnaryData, type ServerUnaryCall, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { ClusterInfo, EndPoint, MemberInfo } from '@eventstore/db-client/generated/gossip_pb';
import { type Empty, UUID } from '@eventstore/db-client/generated/shared_pb';

/** The gossip service: a cluster of one, which leads. */
export function gossipService(options: {
  instanceId: string;
  now: () => number;
  endpoint: () => { host: string; port: number };
}): UntypedServiceImplementation {
  return {
    read: (_call: ServerUnaryCall<Empty, ClusterInfo>, callback: sendUnaryData<ClusterInfo>) => {
      const { host, port } = options.endpoint();
      const endpoint = new EndPoint();
      endpoint.setAddress(host);
      endpoint.setPort(port);
      const id = new UUID();
      id.setString(options.instanceId);
      const member = new MemberInfo();
      member.setInstanceId(id);
      member.setTimeStamp(`${options.now()}0000`);
      member.setState(MemberInfo.VNodeState.LEADER);
      member.setIsAlive(true);
      member.setHttpEndPoint(endpoint);
      const cluster = new ClusterInfo();
      cluster.addMembers(member);
      callback(null, cluster);
    },
  };
}
