import { readFileSync } from 'node:fs';
import { Controller, Get, Header } from '@nestjs/common';
import { OpenToAll } from '../access/require-action.decorator.js';

/** The API's own description: the file that the tests hold the code against. */
@Controller('api/openapi.yaml')
export class OpenApiController {
  readonly #document = readFileSync(new URL('../../docs/openapi.yaml', import.meta.url), 'utf8');

  @Get()
  @OpenToAll()
  @Header('Content-Type', 'application/yaml')
  document(): string {
    return this.#document;
  }
}
