/** Types of pgbouncer.mjs, for TypeScript that starts one. */
export interface PgBouncer {
  /** Of the same database, through it. */
  readonly url: string;
  statistics(): Promise<{ transactions: number; mode: string | undefined }>;
  stop(): Promise<void>;
}

export function startPgBouncer(program: string, serverUrl: string): Promise<PgBouncer>;
