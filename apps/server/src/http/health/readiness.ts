import type { Records } from '@latchkey/database';
import { LOGGER, type Logger, RECORDS, within } from '@latchkey/platform';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';

/** A check without an answer for this long has failed, ms. */
const CHECK_WITHIN_MS = 2_500;
const WATCH_EVERY_MS = 2_000;

/**
 * What must work for requests to be served. Every part of the server may add to it. Once watched, the log says what
 * does not when it begins and when it is over, and nothing in between.
 */
@Injectable()
export class Readiness implements OnModuleDestroy {
  private readonly checks = new Map<string, () => Promise<unknown>>();
  private readonly since = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(RECORDS) records: Records,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.add('records', () => records.settings.get('health'));
  }

  /** @param check throws, or never answers, as long as requests can't be served; its message is shown */
  add(name: string, check: () => Promise<unknown>): void {
    this.checks.set(name, check);
  }

  all(): ReadonlyMap<string, () => Promise<unknown>> {
    return this.checks;
  }

  /** @throws with the reason in one short line, when the check fails or does not answer in time */
  async run(check: () => Promise<unknown>): Promise<void> {
    await within(check(), CHECK_WITHIN_MS, () => new Error('no answer'));
  }

  /** Runs the checks every two seconds from now on. */
  watch(): void {
    this.timer ??= setTimeout(() => void this.look(), WATCH_EVERY_MS).unref();
  }

  onModuleDestroy(): void {
    clearTimeout(this.timer);
    this.checks.clear();
  }

  private async look(): Promise<void> {
    await Promise.all([...this.checks].map(([name, check]) => this.note(name, check)));
    this.timer = undefined;
    if (this.checks.size > 0) this.watch();
  }

  private async note(name: string, check: () => Promise<unknown>): Promise<void> {
    try {
      await this.run(check);
      const since = this.since.get(name);
      if (since === undefined) return;
      this.since.delete(name);
      const seconds = Math.round((performance.now() - since) / 1000);
      this.logger.info({ check: name, seconds }, `ready again: ${name}, after ${seconds} s`);
    } catch (error) {
      if (this.since.has(name) || !this.checks.has(name)) return;
      this.since.set(name, performance.now());
      this.logger.error({ check: name }, `not ready: ${name}: ${reasonOf(error)}`);
    }
  }
}

const LONGEST = 200;

/** An error as one short line. */
export function reasonOf(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n', 1);
  return line.slice(0, LONGEST);
}
