import { type Config, CONFIG } from '@latchkey/platform';
import { type INestApplication, Inject, Injectable, Optional } from '@nestjs/common';
import { EXAMPLES, type Examples, type ReadExamples } from './examples';
import { openApiDocument } from './openapi';

/** How long the ids in the examples may be out of date, ms: anybody may ask for the document, as often as they like. */
const FRESH_FOR_MS = 2_000;

/** The OpenAPI document as it goes out. Its bytes are made once for all who read them, however slowly. */
@Injectable()
export class OpenApi {
  private app: INestApplication | undefined;
  private made: { readonly at: number; readonly bytes: Promise<Buffer> } | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Optional() @Inject(EXAMPLES) private readonly readExamples: ReadExamples | undefined,
  ) {}

  describes(app: INestApplication): void {
    this.app = app;
  }

  bytes(): Promise<Buffer> {
    const now = performance.now();
    const fresh = this.made && (!this.readExamples || now < this.made.at + FRESH_FOR_MS);
    if (!fresh) this.made = { at: now, bytes: this.make() };
    return this.made!.bytes;
  }

  private async make(): Promise<Buffer> {
    if (!this.app) throw new Error('The document is of no application.');
    const { sandbox } = this.config;
    const document = openApiDocument(this.app, { sandbox, examples: await this.examples() });
    return Buffer.from(JSON.stringify(document));
  }

  /** The document does without them where they can't be read. */
  private async examples(): Promise<Examples> {
    return (await this.readExamples?.().catch(() => ({}))) ?? {};
  }
}
