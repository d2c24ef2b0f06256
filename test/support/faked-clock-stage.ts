import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestDatabase } from './database.js';
import { FakeIssuer } from './fake-issuer/fake-issuer.js';
import { ServiceProcess } from './service-process.js';

/** Where Debian, Fedora and Alpine put it; Debian's package is `libfaketime`. */
const LIBRARY = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib64/faketime/libfaketimeMT.so.1',
  '/usr/lib/faketime/libfaketimeMT.so.1',
].find((path) => existsSync(path));

const TOKEN = '/api/licensing/token';

export const DAY = 86_400;

/** `describe` where libfaketime is installed; elsewhere its tests are listed as skipped. */
export const describeWithFakedClock = LIBRARY === undefined ? describe.skip : describe;

/**
 * The service's process with a wall clock that is set while it runs, its database and its issuer, which have
 * the right time.
 */
export class FakedClockStage {
  private constructor(
    private readonly directory: string,
    private readonly database: TestDatabase,
    readonly issuer: FakeIssuer,
  ) {}

  #service: ServiceProcess | undefined;

  static async open(database: TestDatabase): Promise<FakedClockStage> {
    const directory = await mkdtemp(join(tmpdir(), 'licentia-clock-'));
    const stage = new FakedClockStage(directory, database, await FakeIssuer.start());
    await stage.#start(0);
    return stage;
  }

  get service(): ServiceProcess {
    return this.#service as ServiceProcess;
  }

  /** The right time, Unix seconds. */
  get now(): number {
    return Math.floor(Date.now() / 1000);
  }

  /** Sets the service's clock while it runs. @param seconds - ahead of the right time */
  async setAhead(seconds: number): Promise<void> {
    await writeFile(join(this.directory, 'ahead'), `${seconds >= 0 ? '+' : ''}${seconds}\n`);
  }

  async restart(ahead: number): Promise<void> {
    await this.service.kill('SIGTERM');
    await this.#start(ahead);
  }

  async check(): Promise<string> {
    return (await this.service.call('GET', '/api/licensing/check')).text;
  }

  async status(): Promise<number> {
    return (JSON.parse((await this.service.call('GET', TOKEN)).text) as { status: number }).status;
  }

  async install(token: string): Promise<void> {
    const { status, text } = await this.service.call('POST', TOKEN, { token });
    if (status !== 200) throw new Error(`the upload answered ${status}: ${text}`);
  }

  async close(): Promise<void> {
    await this.service.kill('SIGTERM');
    await this.issuer.stop();
    await this.database.drop();
    await rm(this.directory, { recursive: true });
  }

  async #start(ahead: number): Promise<void> {
    await this.setAhead(ahead);
    this.#service = await ServiceProcess.start({
      DATABASE_URL: this.database.url,
      ISSUER_URL: this.issuer.url,
      LD_PRELOAD: LIBRARY as string,
      FAKETIME_TIMESTAMP_FILE: join(this.directory, 'ahead'),
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    });
  }
}
