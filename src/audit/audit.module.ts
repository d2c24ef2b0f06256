import { Global, Module } from '@nestjs/common';
import { AuditRefusalStore } from './audit-refusal.store.js';
import { AuditRetention } from './audit-retention.js';
import { AuditController } from './audit.controller.js';
import { AuditSealStore } from './audit-seal.store.js';
import { AuditSealer } from './audit-sealer.js';
import { AuditStore } from './audit.store.js';
import { RefusalRecorder } from './refusal-recorder.js';

@Global()
@Module({
  controllers: [AuditController],
  providers: [AuditStore, AuditRefusalStore, RefusalRecorder, AuditRetention, AuditSealStore, AuditSealer],
  exports: [AuditStore, RefusalRecorder],
})
export class AuditModule {}
