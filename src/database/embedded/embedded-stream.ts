import { Duplex } from 'node:stream';
import type { EmbeddedDatabase } from './embedded-database.js';

type Done = (error?: Error | null) => void;

/** What `pg` takes for the socket to its server. */
export class EmbeddedStream extends Duplex {
  readonly #client: number;

  constructor(private readonly database: EmbeddedDatabase) {
    super();
    this.#client = database.join();
  }

  connect(): this {
    process.nextTick(() => this.emit('connect'));
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  override _read(): void {
    // An answer is pushed when it is there.
  }

  /**
   * The answer comes in another turn of the event loop, as from a socket: work with many statements would
   * keep out everything else in the process.
   */
  override _write(messages: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.database.execute(this.#client, messages).then((answer) => {
      setImmediate(() => {
        this.push(answer);
        done();
      });
    }, done);
  }

  /** pg corks the messages of one query: together they are one call. */
  override _writev(writes: { chunk: Buffer }[], done: Done): void {
    this._write(Buffer.concat(writes.map(({ chunk }) => chunk)), 'buffer' as BufferEncoding, done);
  }

  override _final(done: Done): void {
    this.push(null);
    done();
  }

  /** The next client must not find this one's transaction, settings or prepared statements. */
  override _destroy(error: Error | null, done: Done): void {
    this.database.leave(this.#client).then(
      () => done(error),
      (failure: Error) => done(this.database.stopped ? error : failure),
    );
  }
}
