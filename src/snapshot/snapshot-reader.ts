import type { EntityManager } from 'typeorm';
import type { AccessChange } from './access-change.js';
import type { Snapshot } from './snapshot.js';
import type { SnapshotVersionEntity } from './snapshot-version.entity.js';
import type { SnapshotVersionStore } from './snapshot-version.store.js';

/**
 * Reads one part of the snapshot.
 * @param previous - what it read last
 * @param changed - the service accounts and roles that changed since then; undefined where anything may have
 */
export type SnapshotLoader<Part extends SnapshotPart> = (
  manager: EntityManager,
  previous: Snapshot[Part] | undefined,
  changed: AccessChange | undefined,
) => Promise<Snapshot[Part]>;

export type SnapshotPart = 'license' | 'tokens' | 'sessions';

/** Reads at each look at the database what changes without a new version. */
export type SnapshotFollower = (manager: EntityManager) => Promise<void>;

/** Reads a {@link Snapshot}, each part by the loader that its module named. */
export class SnapshotReader {
  readonly #followers: SnapshotFollower[] = [];
  readonly #loaders: { [Part in SnapshotPart]?: SnapshotLoader<Part> } = {};

  constructor(private readonly versions: SnapshotVersionStore) {}

  /** Names who reads a part. */
  register<Part extends SnapshotPart>(part: Part, loader: SnapshotLoader<Part>): void {
    Object.assign(this.#loaders, { [part]: loader });
  }

  follow(follower: SnapshotFollower): void {
    this.#followers.push(follower);
  }

  async readFollowed(manager: EntityManager): Promise<void> {
    for (const follower of this.#followers) await follower(manager);
  }

  /**
   * Reads the parts in the order license, tokens, sessions.
   * @param current - the state in memory
   * @param known - the same; undefined to read everything
   */
  async load(
    manager: EntityManager,
    state: SnapshotVersionEntity,
    current: Snapshot | undefined,
    known: Snapshot | undefined,
  ): Promise<Omit<Snapshot, 'local'>> {
    const { license, tokens, sessions } = this.#loaders;
    if (license === undefined || tokens === undefined)
      throw new Error('a part of the snapshot has no loader');
    const changed = known && (await this.versions.changedSince(manager, known, state));
    return {
      version: state.version,
      stamp: state.stamp,
      license: await license(manager, current?.license, changed),
      tokens: await tokens(manager, current?.tokens, changed),
      sessions: (await sessions?.(manager, current?.sessions, changed)) ?? new Map(),
    };
  }
}
