import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export type SdkName = 'seam 1.160' | '@seamapi/http 2.32';
export const sdkNames: readonly SdkName[] = ['seam 1.160', '@seamapi/http 2.32'];

export interface SdkError {
  readonly name: string;
  readonly code?: string;
  readonly statusCode?: number;
  readonly requestId?: string;
  readonly message: string;
  /** What getValidationErrorMessages says of each parameter that was sent. */
  readonly about: Record<string, string[] | undefined>;
}

/** Seam's official SDKs, in a process of their own. */
export class Sdks {
  private readonly waiting = new Map<number, (answer: { value?: unknown; error?: SdkError }) => void>();
  private calls = 0;

  private constructor(private readonly child: ChildProcess) {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const { id, ...answer } = JSON.parse(line) as { id: number; value?: unknown; error?: SdkError };
      this.waiting.get(id)?.(answer);
      this.waiting.delete(id);
    });
  }

  static start(endpoint: string, apiKey: string): Sdks {
    const script = join(__dirname, 'sdk-calls.mjs');
    return new Sdks(
      spawn(process.execPath, [script, endpoint, apiKey], { stdio: ['pipe', 'pipe', 'inherit'] }),
    );
  }

  /** What the call resolves to. @param path like `accessCodes.create` */
  async call<T>(sdk: SdkName, path: string, params?: object): Promise<T> {
    const { value, error } = await this.send({ sdk, path, params });
    if (error) throw new Error(`${path}: ${error.message}`, { cause: error });
    return value as T;
  }

  /** All pages of a list, by the SDK's own paginator. */
  async all<T>(sdk: SdkName, path: string, params: object): Promise<T[]> {
    const { value, error } = await this.send({ sdk, path, params, all: true });
    if (error) throw new Error(`${path}: ${error.message}`, { cause: error });
    return value as T[];
  }

  /** How the call fails. */
  async failure(sdk: SdkName, path: string, params?: object): Promise<SdkError> {
    const { error } = await this.send({ sdk, path, params });
    if (!error) throw new Error(`${path} did not fail`);
    return error;
  }

  async stop(): Promise<void> {
    const gone = once(this.child, 'exit');
    this.child.stdin!.end();
    await gone;
  }

  private send(call: object): Promise<{ value?: unknown; error?: SdkError }> {
    const id = ++this.calls;
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      this.child.stdin!.write(`${JSON.stringify({ id, ...call })}\n`);
    });
  }
}
