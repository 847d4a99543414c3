import { Open } from '@latchkey/http';
import { ApiError } from '@latchkey/platform';
import { Controller, Get, Header, Param, Redirect, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { DOCS_PAGE, DOCS_SCRIPT } from './docs-page';
import { OpenApi } from './openapi-text';

/** What of Swagger UI the page needs. Nothing comes from elsewhere. */
const ASSETS = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'];

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** The API, described for machines at /openapi.json and for people at /docs. */
@Open()
@Controller()
export class DocumentsController {
  constructor(private readonly openApi: OpenApi) {}

  @Get()
  @Redirect('/docs')
  root(): void {}

  @Get('openapi.json')
  @Header('content-type', 'application/json; charset=utf-8')
  document(): Promise<Buffer> {
    return this.openApi.bytes();
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
  asset(@Param('asset') asset: string, @Res() reply: FastifyReply): void {
    if (!ASSETS.includes(asset)) throw new ApiError(404, 'not_found', 'There is no such page.');
    void reply.removeHeader('cache-control').sendFile(asset, { maxAge: '1h' });
  }
}
