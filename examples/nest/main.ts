import 'reflect-metadata';
import { type CanActivate, Controller, Get, HttpException, Module, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { daysLeft, isLicensed } from '../license.mjs';

class LicenseGuard implements CanActivate {
  async canActivate(): Promise<true> {
    if (await isLicensed()) return true;
    throw new HttpException({ message: 'Reports need a license.' }, 402);
  }
}

@Controller()
class ProductController {
  @Get()
  home(): object {
    return { message: 'This part needs no license.' };
  }

  @Get('reports')
  @UseGuards(LicenseGuard)
  reports(): string[] {
    return ['a report'];
  }

  @Get('about')
  async about(): Promise<object> {
    return { daysLeft: await daysLeft().catch(() => null) };
  }
}

@Module({ controllers: [ProductController] })
class ProductModule {}

const app = await NestFactory.create(ProductModule, { logger: ['error', 'warn'] });
await app.listen(Number(process.env.PORT ?? 8080), '127.0.0.1');
console.log(`listening on ${await app.getUrl()}`);
