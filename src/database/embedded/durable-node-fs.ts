import { fsyncSync } from 'node:fs';
import { NodeFS } from '@electric-sql/pglite/nodefs';
import { OTHERS } from './private-files.js';

/** The members of PGlite's Emscripten file system that are used here and that its types don't show. */
interface NodeFsInternals {
  stream_ops: { fsync?: (stream: { nfd: number }) => number };
  node_ops: {
    mknod: (parent: unknown, name: string, mode: number, device: number) => unknown;
    setattr: (node: unknown, attributes: { mode?: number }) => unknown;
  };
  /** Runs it and turns a Node error into the errno that Postgres understands. */
  tryFSOperation: (operation: () => number) => number;
}

/**
 * PGlite's node file system with an fsync that reaches the disk, and files that are their owner's alone.
 *
 * PGlite's own answers every fsync with success and does nothing. This leans on three internals: Emscripten's
 * `fd_sync` calls `stream_ops.fsync` of the stream's file system when there is one; `NODEFS` is reachable on the
 * module in `preRun`; a stream of it keeps Node's file descriptor in `nfd`. A test counts the calls of one
 * acknowledged write, so that an upgrade that breaks any of them is seen. Files come by `node_ops.mknod`, and would be
 * everybody's to read and write; another test looks at their modes.
 *
 * Postgres must be started without `-F` and with `wal_sync_method=fsync`: Emscripten's fdatasync can't be replaced.
 */
export class DurableNodeFs extends NodeFS {
  /** How many calls of fsync have succeeded. */
  syncs = 0;

  override async init(...args: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const { emscriptenOpts } = await super.init(...args);
    const makeDurable: NonNullable<typeof emscriptenOpts.preRun>[number] = (module) => {
      const nodeFs = module.NODEFS as unknown as NodeFsInternals;
      nodeFs.stream_ops.fsync = ({ nfd }) =>
        nodeFs.tryFSOperation(() => {
          fsyncSync(nfd);
          this.syncs += 1;
          return 0;
        });
      const { mknod, setattr } = nodeFs.node_ops;
      Object.assign(nodeFs.node_ops, {
        mknod: (parent, name, mode, device) => mknod(parent, name, mode & ~OTHERS, device),
        setattr: (node, { mode, ...rest }) =>
          setattr(node, mode === undefined ? rest : { ...rest, mode: mode & ~OTHERS }),
      } satisfies NodeFsInternals['node_ops']);
    };
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...(emscriptenOpts.preRun ?? []), makeDurable] } };
  }
}
