import type { LockMaker } from '@latchkey/gateways';
import { type Config, CONFIG, listeningOn } from '@latchkey/platform';
import { Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { AddressInfo } from 'node:net';

/** Where a lock maker's consent page leads back to. */
export const callbackAt = (publicUrl: string): string => `${publicUrl}/connect_webviews/callback`;

/** Under which addresses others reach this server. */
@Injectable()
export class Addresses {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly host: HttpAdapterHost,
  ) {}

  /** For browsers and clients: PUBLIC_URL. */
  public(): string {
    return listeningOn(this.config, this.port()).publicUrl;
  }

  /** For a lock maker's cloud: one on this machine, as the sandbox's is, need not know the public address. */
  for(maker: LockMaker): string {
    const isHere = ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(maker.baseUrl).hostname);
    return isHere ? listeningOn({ ...this.config, ...ANY }, this.port()).publicUrl : this.public();
  }

  private port(): number {
    const server = this.host.httpAdapter.getHttpServer() as { address(): AddressInfo | string | null };
    const address = server.address();
    return typeof address === 'object' && address ? address.port : this.config.port;
  }
}

/** Settings under which `listeningOn` names the address that we listen on ourselves. */
const ANY = { port: 0, host: '127.0.0.1', publicUrl: 'http://127.0.0.1:0' };
