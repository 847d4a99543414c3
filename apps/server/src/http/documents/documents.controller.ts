import { Open } from '@latchkey/http';
import { ApiError, type Config, CONFIG } from '@latchkey/platform';
import {
  Controller,
  Get,
  Header,
  type INestApplication,
  Inject,
  Injectable,
  Param,
  Res,
} from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DOCS_PAGE, DOCS_SCRIPT } from './docs-page';
import { openApiDocument } from './openapi';

/** The OpenAPI document, made when it is first asked for. */
@Injectable()
export class OpenApi {
  private app: INestApplication | undefined;
  private text: string | undefined;

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  describes(app: INestApplication): void {
    this.app = app;
  }

  json(): string {
    if (!this.app) throw new Error('The document is of no application.');
    return (this.text ??= JSON.stringify(openApiDocument(this.app, this.config)));
  }
}

const SWAGGER_UI = dirname(require.resolve('swagger-ui-dist/package.json'));

/** What of Swagger UI the page needs. Nothing comes from elsewhere. */
const ASSETS: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** The API, described for machines at /openapi.json and for people at /docs. */
@Open()
@ApiExcludeController()
@Controller()
export class DocumentsController {
  constructor(private readonly openApi: OpenApi) {}

  @Get('openapi.json')
  @Header('content-type', 'application/json; charset=utf-8')
  document(): string {
    return this.openApi.json();
  }

  @Get('docs')
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', POLICY)
  page(): string {
    return DOCS_PAGE;
  }

  @Get('docs/init.js')
  @Header('content-type', 'text/javascript; charset=utf-8')
  script(): string {
    return DOCS_SCRIPT;
  }

  @Get('docs/:asset')
  async asset(
    @Param('asset') asset: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer> {
    const type = Object.hasOwn(ASSETS, asset) ? ASSETS[asset] : undefined;
    if (type === undefined) throw new ApiError(404, 'not_found', 'There is no such page.');
    void reply.header('content-type', type).header('cache-control', 'public, max-age=3600');
    return readFile(join(SWAGGER_UI, asset));
  }
}
