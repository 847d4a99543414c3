import { join } from 'node:path';
import type { Refusal } from '../lock-gateway';
import { ControllerProcess } from './controller-process';
import type { Answered, Asked, CallName, LockNews } from './controller/messages';
import type { MatterSystem } from './entry';

/** After it ended by itself a controller is left alone for this long, ms. */
const LEFT_ALONE_MS = 5_000;

interface Running {
  readonly controller: Promise<ControllerProcess>;
}

/** The controllers of all Matter systems, each started when it is first needed, and again after it has ended. */
export class Controllers {
  private readonly running = new Map<string, Running>();
  private readonly failedAt = new Map<string, number>();

  constructor(
    private readonly options: {
      readonly folder: string;
      readonly systems: ReadonlyMap<string, MatterSystem>;
      readonly onNews: (system: string, news: LockNews) => void;
      readonly onLog: (system: string, text: string) => void;
      /** One that had started ended, or started again. */
      readonly onState: (system: string, state: 'lost' | 'back') => void;
      readonly now: () => number;
    },
  ) {}

  /** Starts the system's controller if it does not run. */
  async call<C extends CallName>(system: string, name: C, asked: Asked<C>): Promise<Answered<C> | Refusal> {
    const left = (this.failedAt.get(system) ?? -Infinity) + LEFT_ALONE_MS - this.options.now();
    if (left > 0)
      return { kind: 'unreachable', message: 'the Matter controller is away', retryAfterMs: left };
    let controller: ControllerProcess;
    try {
      controller = await this.controllerOf(system);
    } catch (error) {
      this.ended(system);
      return { kind: 'unreachable', message: error instanceof Error ? error.message : String(error) };
    }
    return controller.call(name, asked);
  }

  async close(): Promise<void> {
    const running = [...this.running.values()];
    this.running.clear();
    for (const { controller } of running)
      await controller.then((each) => each.close()).catch(() => undefined);
  }

  private controllerOf(system: string): Promise<ControllerProcess> {
    const there = this.running.get(system);
    if (there) return there.controller;
    const { folder, systems, onNews, onLog, onState } = this.options;
    const { networkInterface, limits } = systems.get(system)!;
    const controller = ControllerProcess.start({
      folder: join(folder, system),
      ...{ networkInterface, limits },
      onNews: (news) => onNews(system, news),
      onLog: (text) => onLog(system, text),
      onEnded: () => {
        this.ended(system);
        onState(system, 'lost');
      },
    });
    this.running.set(system, { controller });
    void controller.then(
      () => onState(system, 'back'),
      () => undefined,
    );
    return controller;
  }

  private ended(system: string): void {
    this.running.delete(system);
    this.failedAt.set(system, this.options.now());
  }
}
