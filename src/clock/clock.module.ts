import { Global, Module } from '@nestjs/common';
import { ClockWatch } from './clock-watch.js';
import { DatabaseClock } from './database-clock.js';

/** What is known of the clocks: see {@link ClockWatch}. */
@Global()
@Module({ providers: [ClockWatch, DatabaseClock], exports: [ClockWatch] })
export class ClockModule {}
