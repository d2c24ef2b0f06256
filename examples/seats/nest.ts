import { randomUUID } from 'node:crypto';
import 'reflect-metadata';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  ForbiddenException,
  HttpCode,
  Module,
  Post,
  UseGuards,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { admit } from './seats.mjs';

/** Asks for a seat. The guard before it checks the password, in a product. */
class SeatGuard implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<true> {
    const { body } = context.switchToHttp().getRequest<{ body: { name: string } }>();
    const { admitted, freesAt } = await admit({ id: body.name, role: 'editor' });
    if (admitted) return true;
    const until = freesAt === null ? '' : ` until ${new Date(freesAt * 1000).toISOString()}`;
    throw new ForbiddenException(`All seats are taken${until}.`);
  }
}

@Controller()
class SignInController {
  @Post('sign-in')
  @HttpCode(200)
  @UseGuards(SeatGuard)
  signIn(): object {
    return { session: randomUUID() };
  }
}

@Module({ controllers: [SignInController] })
class ProductModule {}

const app = await NestFactory.create(ProductModule, { logger: ['error', 'warn'] });
await app.listen(Number(process.env.PORT ?? 8080), '127.0.0.1');
console.log(`listening on ${await app.getUrl()}`);
