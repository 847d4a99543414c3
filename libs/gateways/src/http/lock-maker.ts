import { type LockCapabilities } from '../lock-gateway';

/** A lock maker's cloud that speaks the HTTP API for lock makers, as an operator configures it. */
export interface LockMaker {
  readonly kind?: 'http';
  /** The name that accounts refer to it by. */
  readonly name: string;
  /** What people call it; the only thing about it that error messages tell. */
  readonly displayName: string;
  /** Where its API begins, e.g. `https://api.example.com/v1`. */
  readonly baseUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** What tells the maker for which of our workspaces somebody logs in, if it wants to know. */
  readonly loginHint?: (workspaceId: string) => string;
  /** What is sent with each request besides what the API asks for. */
  readonly headers?: () => Readonly<Record<string, string>>;
  /** What its locks can do, where its API does not tell. */
  readonly capabilities?: Partial<LockCapabilities>;
}

/** Time in ms since the epoch. */
export interface GatewayClock {
  now(): number;
}
