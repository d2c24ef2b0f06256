import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';

/** One run of a machine, from its start to its end. */
export interface Boot {
  readonly id: string;
  /** Since it began, sleep included, seconds: no setting of the wall clock changes it. */
  readonly seconds: number;
}

/** @returns undefined where this machine does not tell one run from another */
export type ReadBoot = () => Boot | undefined;

/** Injection token of the {@link ReadBoot}. */
export const BOOT = Symbol('Boot');

/** By the kernel; only Linux gives its runs names. */
export const systemBoot: ReadBoot = () => {
  try {
    const id = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    // A container can have an uptime of its own, which begins later than the machine's monotonic clock.
    return { id, seconds: Math.max(uptime(), Number(process.hrtime.bigint()) / 1e9) };
  } catch {
    return undefined;
  }
};
