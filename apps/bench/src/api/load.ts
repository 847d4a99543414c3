import { Pool } from 'undici';
import { inParallel, seconds } from '../report';

/** One request of a load: what is asked of which path. */
export type NextRequest = (index: number) => { readonly path: string; readonly body: object };

/** A closed loop of clients with a connection each; the same client for everybody who is measured. */
export class Load {
  private readonly pool: Pool;

  constructor(
    url: string,
    private readonly apiKey: string,
    private readonly connections: number,
  ) {
    this.pool = new Pool(url, { connections, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
  }

  /** Asks `count` times. @returns requests a second */
  async run(count: number, next: NextRequest): Promise<number> {
    const begun = process.hrtime.bigint();
    await inParallel(count, this.connections, async (index) => {
      const { path, body } = next(index);
      await this.ask(path, body);
    });
    return count / seconds(begun);
  }

  /** The answer's text. Throws on anything but success, so that no refusal is taken for speed. */
  async ask(path: string, body: object): Promise<string> {
    const answer = await this.pool.request({
      path,
      method: 'POST',
      headers: { authorization: `Bearer ${this.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.statusCode} ${text.slice(0, 300)}`);
    return text;
  }

  close(): Promise<void> {
    return this.pool.close();
  }
}
