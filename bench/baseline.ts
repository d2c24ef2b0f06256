// The check as most services would write it, to compare with: a Nest guard that asks the database who calls, and a
// controller that reads the license from the database and verifies its signature. Each time. For the bench alone.
import 'reflect-metadata';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  Module,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Request } from 'express';
import { importJWK, jwtVerify } from 'jose';
import { createHash } from 'node:crypto';
import { DataSource } from 'typeorm';

const { DATABASE_URL: url = '', TOKEN_HASH, LICENSE, KEY = '{}' } = process.env;
const key = await importJWK(JSON.parse(KEY), 'ES256');
const database = await new DataSource({ type: 'postgres', url }).initialize();
await database.query(
  `CREATE TABLE baseline_caller (hash text PRIMARY KEY, actions text[] NOT NULL);
   CREATE TABLE baseline_license (id int PRIMARY KEY, token text NOT NULL)`,
);
await database.query(`INSERT INTO baseline_caller VALUES ($1, ARRAY['licensing:read'])`, [TOKEN_HASH]);
await database.query('INSERT INTO baseline_license VALUES (1, $1)', [LICENSE]);

@Injectable()
class AskingGuard implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { authorization = '' } = context.switchToHttp().getRequest<Request>().headers;
    const hash = createHash('sha256').update(authorization.replace('Bearer ', '')).digest('base64url');
    const [caller] = await database.query<{ actions: string[] }[]>(
      'SELECT actions FROM baseline_caller WHERE hash = $1',
      [hash],
    );
    if (caller === undefined) throw new UnauthorizedException();
    return caller.actions.includes('licensing:read');
  }
}

@Controller('api/licensing/check')
class CheckController {
  @Get()
  @UseGuards(AskingGuard)
  async check(): Promise<boolean> {
    const [row] = await database.query<{ token: string }[]>(
      'SELECT token FROM baseline_license WHERE id = 1',
    );
    if (row === undefined) return false;
    await jwtVerify(row.token, key);
    return true;
  }
}

@Module({ controllers: [CheckController] })
class BaselineModule {}

const application = await NestFactory.create<NestExpressApplication>(BaselineModule, { logger: false });
await application.listen(0, '127.0.0.1');
console.log(JSON.stringify({ url: await application.getUrl() }));
