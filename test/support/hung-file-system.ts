import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmdirSync } from 'node:fs';

/**
 * A file system that answers nothing: every access waits, as on a network file system whose server is gone. FUSE asks
 * the process that mounted it, and this one does not read the questions. It needs Linux and the right to mount.
 */
export class HungFileSystem {
  private constructor(
    private readonly directory: string,
    private readonly device: number,
  ) {}

  /** Mounts it over a directory. @returns undefined where that is not allowed */
  static mount(directory: string): HungFileSystem | undefined {
    let device;
    try {
      device = openSync('/dev/fuse', 'r+');
      mkdirSync(directory, { recursive: true });
      const options = 'fd=3,rootmode=40000,user_id=0,group_id=0';
      execFileSync('mount', ['-i', '-t', 'fuse', 'hung', directory, '-o', options], {
        stdio: ['ignore', 'ignore', 'ignore', device],
      });
      return new HungFileSystem(directory, device);
    } catch {
      if (device !== undefined) closeSync(device);
      return undefined;
    }
  }

  /** What waits fails, and the directory is again what it was before. */
  end(): void {
    execFileSync('umount', ['-l', this.directory]);
    closeSync(this.device);
  }

  /** Whether this machine has one; what needs it is left out elsewhere. */
  static isPossible(directory: string): boolean {
    const mounted = HungFileSystem.mount(directory);
    mounted?.end();
    if (mounted !== undefined) rmdirSync(directory);
    return mounted !== undefined;
  }
}
