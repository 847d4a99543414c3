import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { programArguments } from '@latchkey/platform';
import type { Refusal } from '../lock-gateway';
import type {
  Answered,
  Asked,
  CallName,
  FromController,
  Limits,
  LockNews,
  ToController,
} from './controller/messages';

/** The controller is up within this, or it has failed, ms. */
const STARTS_WITHIN_MS = 30_000;
/** A controller that answers nothing for so long hangs, ms. A call may be five questions to a lock that is slow. */
const hangsAfterMs = ({ connectMs, answerMs }: Limits): number =>
  Math.max(60_000, 2 * connectMs + 5 * answerMs);
const STOPS_WITHIN_MS = 6_000;
const PASSED_ON = ['PATH', 'NODE_PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'LC_ALL', 'SystemRoot', 'TEMP'];

export interface ControllerOptions {
  /** Where it keeps the fabric's keys. */
  readonly folder: string;
  /** On which locks are sought; null: all. */
  readonly networkInterface: string | null;
  readonly limits: Limits;
  readonly onNews: (news: LockNews) => void;
  /** What its library complains of. May hold anything. */
  readonly onLog: (text: string) => void;
  /** It ended, and nobody had asked it to. */
  readonly onEnded: () => void;
}

/** The process of a Matter controller. Once it has ended it stays so: make another one. */
export class ControllerProcess {
  private readonly waiting = new Map<number, (answer: unknown) => void>();
  private nextId = 1;
  private closing = false;
  readonly exited: Promise<void>;

  private constructor(
    private readonly child: ChildProcess,
    private readonly options: ControllerOptions,
  ) {
    this.exited = new Promise((resolve) => child.once('exit', () => resolve()));
    void this.exited.then(() => this.ended());
    child.on('message', (message: FromController) => this.hear(message));
  }

  /** @throws Error when it does not come up; the message says why */
  static async start(options: ControllerOptions): Promise<ControllerProcess> {
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    const child = spawn(process.execPath, programArguments(join(__dirname, 'controller/main')), {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: Object.fromEntries(PASSED_ON.map((name) => [name, process.env[name]])),
    });
    const controller = new ControllerProcess(child, options);
    try {
      await started(child, options);
    } catch (error) {
      await controller.close();
      throw error;
    }
    return controller;
  }

  /** Answers `unknown` when the controller ends, or hangs, before it has answered. */
  call<C extends CallName>(name: C, asked: Asked<C>): Promise<Answered<C> | Refusal> {
    return new Promise((resolve) => {
      const id = this.nextId++;
      const timer = setTimeout(() => {
        // Nothing in it has so long to wait: what hangs is ended, and the next call starts another.
        this.child.kill('SIGKILL');
      }, hangsAfterMs(this.options.limits));
      this.waiting.set(id, (answer) => {
        clearTimeout(timer);
        this.waiting.delete(id);
        resolve(answer as Answered<C>);
      });
      if (!this.send({ kind: 'call', id, name, asked })) this.waiting.get(id)?.(LOST);
    });
  }

  async close(): Promise<void> {
    this.closing = true;
    this.send({ kind: 'stop' });
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOPS_WITHIN_MS);
    if (this.child.exitCode === null && this.child.signalCode === null) await this.exited;
    clearTimeout(timer);
  }

  /** As if it had crashed. */
  kill(): void {
    this.child.kill('SIGKILL');
  }

  private send(message: ToController): boolean {
    return this.child.connected && (this.child.send(message), true);
  }

  private hear(message: FromController): void {
    if (message.kind === 'answer') this.waiting.get(message.id)?.(message.answer);
    else if (message.kind === 'news') this.options.onNews(message.news);
    else if (message.kind === 'log') this.options.onLog(message.text);
  }

  private ended(): void {
    for (const answer of [...this.waiting.values()]) answer(LOST);
    if (!this.closing) this.options.onEnded();
  }
}

const LOST: Refusal = { kind: 'unknown', message: 'the Matter controller ended' };

function started(
  child: ChildProcess,
  { folder, networkInterface, limits }: ControllerOptions,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void =>
      reject(new Error(`the Matter controller did not start: ${reason}`));
    const timer = setTimeout(() => fail('it takes too long'), STARTS_WITHIN_MS);
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code, signal) => fail(`it ended (${signal ?? code})`));
    child.on('message', (message: FromController) => {
      if (message.kind !== 'started' && message.kind !== 'failed') return;
      clearTimeout(timer);
      if (message.kind === 'started') resolve();
      else fail(message.reason);
    });
    const start: ToController = { kind: 'start', folder, networkInterface, limits };
    child.send(start);
  });
}
