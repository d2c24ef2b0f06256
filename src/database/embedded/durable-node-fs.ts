import { fsyncSync } from 'node:fs';
import { join } from 'node:path';
import { NodeFS } from '@electric-sql/pglite/nodefs';
import { OTHERS } from './private-files.js';

/** The members of PGlite's Emscripten file system that are used here and that its types don't show. */
interface NodeFsInternals {
  stream_ops: {
    fsync?: (stream: { nfd: number }) => number;
    write: (stream: { node: FileNode }, ...more: unknown[]) => unknown;
    setattr: (stream: { node: FileNode }, attributes: object) => unknown;
  };
  node_ops: {
    mknod: (parent: FileNode, name: string, mode: number, device: number) => FileNode;
    setattr: (node: FileNode, attributes: { mode?: number }) => unknown;
    rename: (node: FileNode, directory: FileNode, name: string) => unknown;
    unlink: (parent: FileNode, name: string) => unknown;
  };
  /** The path outside, absolute. */
  realPath: (node: FileNode) => string;
  /** Runs it and turns a Node error into the errno that Postgres understands. */
  tryFSOperation: (operation: () => number) => number;
}

/** A file or directory as Emscripten knows it. */
interface FileNode {
  readonly name: string;
}

/**
 * PGlite's node file system with an fsync that reaches the disk, and files that are their owner's alone.
 *
 * PGlite's own answers every fsync with success and does nothing. This leans on three internals: Emscripten's
 * `fd_sync` calls `stream_ops.fsync` of the stream's file system when there is one; `NODEFS` is reachable on the
 * module in `preRun`; a stream of it keeps Node's file descriptor in `nfd`. A test counts the calls of one
 * acknowledged write, so an upgrade that breaks one of them fails it. `node_ops.mknod` creates files, which
 * every user could read and write; another test checks their modes. A third one checks that writes still take
 * these ways.
 *
 * Postgres must be started without `-F` and with `wal_sync_method=fsync`: Emscripten's fdatasync can't be replaced.
 */
export class DurableNodeFs extends NodeFS {
  /** How many calls of fsync have succeeded. */
  syncs = 0;
  #touched = new Set<string>();

  /** The files that Postgres wrote to, made, renamed or deleted since this was asked: their absolute paths. */
  takeTouched(): ReadonlySet<string> {
    const touched = this.#touched;
    this.#touched = new Set();
    return touched;
  }

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
      const touch = (...path: [FileNode, ...string[]]) => {
        const [node, ...names] = path;
        this.#touched.add(join(nodeFs.realPath(node), ...names));
      };
      const { write, setattr: setStreamAttributes } = nodeFs.stream_ops;
      nodeFs.stream_ops.write = (stream, ...more) => {
        touch(stream.node);
        return write(stream, ...more);
      };
      nodeFs.stream_ops.setattr = (stream, attributes) => {
        touch(stream.node);
        return setStreamAttributes(stream, attributes);
      };
      const { mknod, setattr, rename, unlink } = nodeFs.node_ops;
      Object.assign(nodeFs.node_ops, {
        mknod: (parent, name, mode, device) => {
          touch(parent, name);
          return mknod(parent, name, mode & ~OTHERS, device);
        },
        setattr: (node, { mode, ...rest }) => {
          touch(node);
          return setattr(node, mode === undefined ? rest : { ...rest, mode: mode & ~OTHERS });
        },
        rename: (node, directory, name) => {
          touch(node);
          touch(directory, name);
          return rename(node, directory, name);
        },
        unlink: (parent, name) => {
          touch(parent, name);
          return unlink(parent, name);
        },
      } satisfies NodeFsInternals['node_ops']);
    };
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...(emscriptenOpts.preRun ?? []), makeDurable] } };
  }
}
