import type { ServerResponse } from 'node:http';
import { Controller, Get, Header, Res } from '@nestjs/common';
import { OpenToAll } from '../http/require-action.decorator.js';
import { COMMIT, VERSION } from '../config/build-info.js';
import { DatabaseHealth } from './database-health.js';
import { Readiness } from './readiness.js';

/** Probes: before authentication, cheap, each with a meaning of its own. */
@Controller()
export class HealthController {
  constructor(
    private readonly readiness: Readiness,
    private readonly databaseHealth: DatabaseHealth,
  ) {}

  /** Liveness: depends on nothing. */
  @Get('healthz')
  @OpenToAll()
  @Header('Content-Type', 'text/plain; charset=utf-8')
  live(): string {
    return 'Ok';
  }

  /** Whether `check` can be answered truthfully. */
  @Get('readyz')
  @OpenToAll()
  ready(@Res({ passthrough: true }) response: ServerResponse): { status: string; reason?: string } {
    const { status, reason } = this.readiness;
    if (status !== 'ready') response.statusCode = 503;
    return reason === undefined ? { status } : { status, reason };
  }

  @Get('api/health')
  @OpenToAll()
  async health(@Res({ passthrough: true }) response: ServerResponse) {
    const state = await this.databaseHealth.check();
    if (state.database !== 'ok') response.statusCode = 503;
    return { ...state, version: VERSION, commit: COMMIT };
  }
}
