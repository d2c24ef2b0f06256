import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { Page } from './page.js';
import { PAGE_FILES, readPage } from './page-files.js';
import { SessionController } from './session.controller.js';
import { SessionKeeper } from './session-keeper.js';
import { SessionStore } from './session.store.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsService } from './sessions.service.js';
import { SignInLinks } from './sign-in-links.js';
import { SignInService } from './sign-in.service.js';

/** The page for people: its files, and its sessions. Left out by `UI=false`. */
@Module({
  imports: [AccessModule],
  controllers: [SessionController, SessionsController],
  providers: [
    { provide: PAGE_FILES, useFactory: () => readPage() },
    Page,
    SessionStore,
    SessionKeeper,
    SessionsService,
    SignInService,
    SignInLinks,
  ],
  exports: [SignInLinks],
})
export class UiModule {}
