import type { Answer } from '../../lock-gateway';
import { Fabric } from './fabric';
import type { Asked, CallName, FromController, ToController } from './messages';
import { notThere } from './refusals';

/**
 * The Matter controller, as a process of its own: what its library does to memory, signals and the network ends with
 * it. It ends with the server, however that ends.
 */
let fabric: Fabric | undefined;

const tell = (message: FromController): void => void process.send?.(message);

const calls: { readonly [C in CallName]: (fabric: Fabric, asked: Asked<C>) => Promise<Answer<unknown>> } = {
  pair: (all, { pairingCode, address }) => all.pair(pairingCode, address),
  locks: (all) => all.locks(),
  users: (all, { lockId }) => ofLock(all, lockId, (lock) => lock.users()),
  setUser: (all, { lockId, user }) => ofLock(all, lockId, (lock) => lock.setUser(user)),
  clearUser: (all, { lockId, slot }) => ofLock(all, lockId, (lock) => lock.clearUser(slot)),
  operate: (all, { lockId, action }) => ofLock(all, lockId, (lock) => lock.operate(action)),
  forget: (all) => all.forget(),
};

type Lock = NonNullable<ReturnType<Fabric['lock']>>;

function ofLock<T>(
  all: Fabric,
  lockId: string,
  work: (lock: Lock) => Promise<Answer<T>>,
): Promise<Answer<T>> {
  const lock = all.lock(lockId);
  return lock ? work(lock) : Promise.resolve(notThere('a lock of that id'));
}

async function answerTo(name: CallName, asked: unknown): Promise<Answer<unknown>> {
  if (!fabric) return { kind: 'unreachable', message: 'the controller has not started' };
  try {
    return await calls[name](fabric, asked as never);
  } catch (error) {
    // Its message may hold anything, a PIN too.
    const reason = error instanceof Error ? error.constructor.name : 'unknown error';
    return { kind: 'unknown', message: `the controller failed (${reason})` };
  }
}

process.on('message', (message: ToController) => {
  if (message.kind === 'call') {
    const { id, name, asked } = message;
    void answerTo(name, asked).then((answer) => tell({ kind: 'answer', id, answer }));
    return;
  }
  if (message.kind === 'stop') {
    void (fabric?.close() ?? Promise.resolve()).catch(() => undefined).then(() => process.exit(0));
    return;
  }
  const onNews = (news: Extract<FromController, { kind: 'news' }>['news']): void =>
    tell({ kind: 'news', news });
  Fabric.start(message, onNews, (text) => tell({ kind: 'log', text })).then(
    (started) => {
      fabric = started;
      tell({ kind: 'started' });
    },
    (error: unknown) => {
      tell({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
      process.exit(1);
    },
  );
});
// Ctrl-C in a terminal reaches all of its processes; the server ends this one when it is done with it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
// The server has died. The next one is waiting for the storage.
process.on('disconnect', () => process.exit(0));
