import { randomBytes } from 'node:crypto';
import { CONSUMER_OF, type UsersOfNode } from '@latchkey/embedded-eventstore';
import type { Config } from '@latchkey/platform';
import { publicStreamOf, type SubscriberLogin, type SubscriberLogins } from '@latchkey/public-events';

/** The group that the stream of a workspace's public events is open to. */
export const groupOf = (workspaceId: string) => `subscribers-${workspaceId}`;

/** Logins of subscribers as users of the embedded event store. */
export class NodeLogins implements SubscriberLogins {
  constructor(
    private readonly users: UsersOfNode,
    private readonly config: Pick<Config, 'eventstorePort'>,
  ) {}

  async make(workspaceId: string, name: string, group?: string): Promise<SubscriberLogin> {
    const login = `subscriber-${randomBytes(6).toString('hex')}`;
    const password = randomBytes(24).toString('base64url');
    const everybody = groupOf(workspaceId);
    await this.users.allowReading(publicStreamOf(workspaceId), everybody);
    const groups = [everybody, ...(group === undefined ? [] : [`${CONSUMER_OF}${group}`])];
    await this.users.create({ loginName: login, fullName: name, groups, password });
    const { eventstorePort } = this.config;
    const port = eventstorePort === 0 ? 'EVENTSTORE_PORT' : eventstorePort;
    const address = `esdb://${login}:PASSWORD@localhost:${port}?tls=true&tlsCAFile=ca.crt`;
    return { login, password, address };
  }

  async endOf(workspaceId: string, group: string): Promise<number> {
    let ended = 0;
    for (const { loginName, groups } of await this.users.list()) {
      if (!groups.includes(groupOf(workspaceId)) || !groups.includes(`${CONSUMER_OF}${group}`)) continue;
      if (await this.users.delete(loginName)) ended++;
    }
    return ended;
  }
}
