import { ServerWorld } from './server-world';

/** The server that the tests of one file, or of one `describe`, share. */
export type SharedServer = Pick<
  ServerWorld,
  'server' | 'api' | 'locks' | 'dataDir' | 'eventstorePort' | 'story' | 'types'
> & {
  /** Has something ended before the server stops, the last begun first: what still talks to it. */
  beforeStop(end: () => unknown): void;
};

/**
 * Starts a whole server before the tests of the file or `describe` in which it is called, and stops it after them.
 * What it returns can be read once the tests, or hooks registered after it, run.
 * @param env settings, as the environment would give them; a function is asked when the server is to start
 */
export function useServer(env: NodeJS.ProcessEnv | (() => NodeJS.ProcessEnv) = {}): SharedServer {
  let started: ServerWorld | undefined;
  const ends: (() => unknown)[] = [];
  beforeAll(async () => {
    started = await ServerWorld.start(typeof env === 'function' ? env() : env);
  }, 60_000);
  afterAll(async () => {
    for (const end of ends.reverse()) await end();
    await started?.stop();
  });
  const running = (): ServerWorld => {
    if (!started)
      throw new Error('the server starts before the first test, and not while tests are collected');
    return started;
  };
  return {
    get server() {
      return running().server;
    },
    get api() {
      return running().api;
    },
    get locks() {
      return running().locks;
    },
    get dataDir() {
      return running().dataDir;
    },
    get eventstorePort() {
      return running().eventstorePort;
    },
    story: (accessCodeId) => running().story(accessCodeId),
    types: (accessCodeId) => running().types(accessCodeId),
    beforeStop: (end) => void ends.push(end),
  };
}
