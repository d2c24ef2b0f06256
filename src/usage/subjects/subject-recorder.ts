import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { type Sighting, sightSubject, type SubjectRecord } from '../../domain/usage/subject-record.js';
import { type SubjectUpdate, UsageSubjectStore } from './usage-subject.store.js';

/** Writes down who was seen, with the counts. */
@Injectable()
export class SubjectRecorder {
  constructor(private readonly subjects: UsageSubjectStore) {}

  /**
   * Records sightings. What says nothing new writes nothing.
   * @param locked - those of the subjects that are stored, locked by the transaction
   * @returns what was changed
   */
  async record(
    manager: EntityManager,
    sightings: ReadonlyMap<string, Sighting>,
    locked: ReadonlyMap<string, SubjectRecord>,
    today: number,
  ): Promise<SubjectUpdate[]> {
    const done: SubjectUpdate[] = [];
    let [left, known] = [sightings, locked];
    while (left.size > 0) {
      const changes = [...left].flatMap(([subject, sighting]): SubjectUpdate[] => {
        const before = known.get(subject);
        const after = sightSubject(before, sighting, today);
        return after === before ? [] : [{ subject, before, after }];
      });
      const added = changes.filter(({ before }) => before === undefined);
      const changed = changes.filter(({ before }) => before !== undefined);
      const isNewAlone = done.length === 0 && changed.length === 0 && added.length > 0;
      const inserted = await (isNewAlone
        ? this.subjects.insertAndCount(manager, added)
        : this.subjects.insert(manager, added));
      if (isNewAlone && inserted.size === added.length) return added;
      await this.subjects.update(manager, changed);
      done.push(...changed, ...added.filter(({ subject }) => inserted.has(subject)));
      // Another transaction stored these first: what is known of them now is what it stored.
      const late = added.filter(({ subject }) => !inserted.has(subject)).map(({ subject }) => subject);
      left = new Map([...left].filter(([subject]) => late.includes(subject)));
      known = await this.subjects.lock(manager, late);
    }
    await this.subjects.count(manager, done);
    return done;
  }
}
