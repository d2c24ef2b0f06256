import { readFileSync } from 'node:fs';
import { Controller, Get, Header, Inject } from '@nestjs/common';
import { OpenToAll } from './require-action.decorator.js';
import { packageFile } from '../config/package-file.js';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';

const SERVER = 'servers:\n  - url: /\n';

/** The API's own description: the file that the tests hold the code against, with the path that it is served below. */
@Controller('api/openapi.yaml')
export class OpenApiController {
  readonly #document: string;

  constructor(@Inject(SERVICE_CONFIG) { http }: ServiceConfig) {
    const document = readFileSync(packageFile('docs/openapi.yaml'), 'utf8');
    // JSON is YAML. A path after this one begins with a slash.
    const server = `servers:\n  - url: ${JSON.stringify(http.subPath)}\n`;
    this.#document = http.subPath === '' ? document : document.replace(SERVER, () => server);
  }

  @Get()
  @OpenToAll()
  @Header('Content-Type', 'application/yaml')
  document(): string {
    return this.#document;
  }
}
