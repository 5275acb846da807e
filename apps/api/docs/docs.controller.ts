import { Controller, Get, Header, Param } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from '../auth/actor';
import { pageAsHtml, readPage } from './pages';

/** The pages of `apps/console/docs`, as HTML and as the Markdown they are written in. */
@Public()
@ApiExcludeController()
@Controller('docs')
export class DocsController {
  /** Where to start. */
  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  start(): string {
    return pageAsHtml('start');
  }

  /** A page as it is written. */
  @Get(':page.md')
  @Header('content-type', 'text/markdown; charset=utf-8')
  markdown(@Param('page') page: string): string {
    return readPage(page);
  }

  /** A page. */
  @Get(':page')
  @Header('content-type', 'text/html; charset=utf-8')
  html(@Param('page') page: string): string {
    return pageAsHtml(page);
  }
}
