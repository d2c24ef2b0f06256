import type { AuditRecord, Call, History } from './history.js';
import { mayBe, type Moment, Timeline } from './timeline.js';

/**
 * What went wrong in a storm, a sentence each: something was lost, doubled, went back or is stuck, or a check was not true. A pure
 * function of what clients, the issuer and the database have written down.
 */
export function violations(history: History): string[] {
  const timeline = new Timeline(history.audit);
  return [
    ...history.deaths.map((death) => `a process ended by itself: ${death}`),
    ...lost(history, timeline),
    ...doubled(history),
    ...wentBack(history, timeline),
    ...untrue(history, timeline),
    ...readBack(history, timeline),
    ...stuck(history, timeline),
  ];
}

const isWrite = ({ kind }: Call) => kind !== 'check' && kind !== 'read';

/** The end of a wait belongs to the change that ended it. */
const isChange = ({ action }: AuditRecord) => action !== 'license.dequeue';

/** An acknowledged change without its record, or a record without its change. */
function lost({ calls, audit, before, after }: History, timeline: Timeline): string[] {
  const faults = [];
  const byRequest = grouped(audit, ({ requestId }) => requestId);
  for (const call of calls.filter(isWrite)) {
    const records = byRequest.get(call.id) ?? [];
    const acknowledged = call.status !== undefined && call.status < 300;
    if (acknowledged && (call.kind === 'install' || call.kind === 'queue') && records.length === 0) {
      faults.push(`lost: the ${call.kind} of ${call.jti ?? call.id} was acknowledged and has no record`);
    }
    const isNothing = ({ jti, queued }: Moment) => jti === undefined && queued === undefined;
    const gone = () => timeline.visible(call.start, call.end).some(isNothing);
    if (acknowledged && call.kind === 'remove' && records.length === 0 && !gone()) {
      faults.push(
        `lost: a removal was acknowledged while there was a license, and has no record (${call.id})`,
      );
    }
    // Only of a database that was cut off nobody knows whether it did it.
    const refused = !acknowledged && call.status !== undefined && call.status !== 503;
    if (refused && records.length > 0) {
      faults.push(`a ${call.kind} was refused with ${call.status}, and done (${call.id})`);
    }
    if (call.status === 500) faults.push(`a ${call.kind} was answered 500 (${call.id})`);
  }
  const { last } = timeline;
  if ((last.queued !== undefined) !== after.queued) {
    faults.push(`lost: a license of the next term ${after.queued ? 'waits without a record' : 'is gone'}`);
  }
  if ((last.jti ?? null) !== after.jti) {
    faults.push(`lost: the last record says ${last.jti ?? 'none'}, the row ${after.jti ?? 'none'}`);
  }
  const raises = audit.filter(({ action }) => action === 'license.remove' || action === 'license.revoke');
  if (after.generation !== before.generation + raises.length) {
    faults.push(
      `the generation went from ${before.generation} to ${after.generation} by ${raises.length} removals`,
    );
  }
  const changes = audit.filter(isChange);
  if (after.revision !== before.revision + changes.length) {
    faults.push(
      `the revision went from ${before.revision} to ${after.revision} by ${changes.length} changes`,
    );
  }
  return faults;
}

/** A change or a call that happened twice. */
function doubled({ audit, issuer, attempts }: History): string[] {
  const faults = [];
  for (const [id, records] of grouped(audit.filter(isChange), ({ requestId }) => requestId)) {
    if (id !== '' && records.length > 1)
      faults.push(`doubled: one request made ${records.length} changes (${id})`);
  }
  const renewals = audit.filter(({ action }) => action === 'license.renew');
  for (const key of ['jti', 'attemptId'] as const) {
    for (const [value, records] of grouped(renewals, (record) => record[key] ?? '')) {
      if (records.length > 1) faults.push(`doubled: ${records.length} renewals of one ${key} (${value})`);
    }
  }
  const issued = issuer.filter(({ event }) => event === 'issued');
  for (const [attempt, tokens] of grouped(issued, ({ attempt }) => attempt ?? '')) {
    if (tokens.length > 1)
      faults.push(`doubled: the issuer gave ${tokens.length} tokens for one attempt (${attempt})`);
  }
  const tokenOf = new Map(attempts.map((attempt) => [attempt.id, attempt]));
  const sources = grouped(issued, ({ attempt }) => {
    const row = tokenOf.get(attempt ?? '');
    return row === undefined ? '' : `${row.generation} ${row.lid} ${row.jti}`;
  });
  // An answer that cannot be used ends its attempt, and the next one is given another token; after the one that was stored none is.
  const stored = new Set(renewals.map(({ attemptId }) => attemptId));
  for (const [source, tokens] of sources) {
    const first = tokens.findIndex(({ attempt }) => stored.has(attempt));
    const more = first < 0 ? 0 : tokens.length - 1 - first;
    if (source !== '' && more > 0) {
      faults.push(`doubled: ${more} tokens were issued in the place of one that was renewed (${source})`);
    }
  }
  for (const [attempt, asked] of grouped(
    issuer.filter(({ event }) => event === 'request'),
    ({ attempt }) => attempt ?? '',
  )) {
    const calls = tokenOf.get(attempt)?.calls ?? 0;
    if (asked.length > calls)
      faults.push(`doubled: the issuer was asked ${asked.length} times in ${calls} calls (${attempt})`);
  }
  return faults;
}

/** An older token in the place of a newer one, a license that came back, a renewal of nothing. */
function wentBack({ audit, issuer }: History, { moments }: Timeline): string[] {
  const given = new Map(
    issuer.filter(({ event }) => event === 'issued').map(({ jti, attempt }) => [jti, attempt ?? '']),
  );
  return audit.flatMap((record: AuditRecord, index) => {
    const [was, is] = [moments[index] as Moment, moments[index + 1] as Moment];
    const faults = [];
    if (record.action === 'license.promote' && was.queued?.jti !== record.jti) {
      faults.push(`${record.jti} was put in its place, and had not waited for its term`);
    }
    const follows = audit[index + 1]?.requestId === record.requestId;
    if (record.action === 'license.dequeue' && (was.queued?.jti !== record.jti || !follows)) {
      faults.push(`${record.jti} left the queue, and had not waited or nothing ended that`);
    }
    const empties = record.action === 'license.queue' || record.action === 'license.remove';
    if (empties && was.queued !== undefined) {
      faults.push(`${was.queued.jti} left the queue by ${record.action} without a record of its own`);
    }
    const counted = mayBe(true, was, record.at, record.at);
    if (counted && is.lid === was.lid && is.iat < was.iat) {
      faults.push(`went back: ${is.jti} took the place of ${was.jti}, which is newer and valid`);
    }
    if (record.action === 'license.renew') {
      if (was.jti === undefined)
        faults.push(`came back: ${is.jti} was stored by a renewal where no license was`);
      else if (was.lid !== is.lid) faults.push(`a renewal of ${was.lid} stored one of ${is.lid}`);
      if (given.get(record.jti ?? '') !== record.attemptId) {
        faults.push(`a renewal stored ${record.jti}, which the issuer did not give for its attempt`);
      }
    }
    return faults;
  });
}

/** The safety line: no check takes away what a valid license grants, and none grants what no license gives. */
function untrue({ calls }: History, timeline: Timeline): string[] {
  return calls.flatMap(({ kind, status, valid, start, end, replica }) => {
    if (kind !== 'check' || valid === undefined) return [];
    if (status !== 200) return [`a check was answered ${status} with a verdict`];
    const possible = timeline.visible(start, end).some((moment) => mayBe(valid, moment, start, end));
    if (possible) return [];
    const held = timeline.visible(start, end).map(({ jti }) => jti ?? 'none');
    return [`untrue: ${replica} said ${valid} at ${time(start)}, while the license was ${held.join(' or ')}`];
  });
}

/** On each replica what is shown only goes forward, and what it has acknowledged is shown. */
function readBack({ calls }: History, timeline: Timeline): string[] {
  const faults = [];
  for (const [replica, own] of grouped(calls, (call) => call.replica)) {
    const shown = own
      .filter(({ kind, status, jti }) => kind !== 'check' && status === 200 && jti !== undefined)
      .map((call) => ({ call, candidates: candidates(call, timeline) }));
    const byEnd = [...shown].sort((a, b) => a.call.end - b.call.end);
    let [ended, floor, by] = [0, -1, ''];
    for (const { call, candidates: found } of [...shown].sort((a, b) => a.call.start - b.call.start)) {
      if (found.length === 0) {
        faults.push(`${replica} showed ${call.jti ?? 'none'} at ${time(call.start)}, when it was not held`);
        continue;
      }
      for (; (byEnd[ended]?.call.end ?? Infinity) < call.start; ended += 1) {
        const least = byEnd[ended]?.candidates[0];
        if (least !== undefined && least.index > floor) [floor, by] = [least.index, least.jti ?? 'none'];
      }
      const most = found.at(-1) as Moment;
      if (call.kind === 'read' && most.index < floor) {
        faults.push(`read back: ${replica} showed ${call.jti ?? 'none'} at ${time(call.start)}, after ${by}`);
      }
    }
  }
  return faults;
}

function candidates({ jti, start, end }: Call, timeline: Timeline): Moment[] {
  return timeline.visible(start, end).filter((moment) => (moment.jti ?? null) === jti);
}

/** In the end everything goes its usual way again, and everybody says the same. */
function stuck({ lastWords, after, attempts }: History, { last }: Timeline): string[] {
  const faults = lastWords.flatMap(({ replica, renewed, check, jti }) => [
    ...(renewed === 200 ? [] : [`stuck: the last renewal on ${replica} was answered ${renewed}`]),
    ...(check ? [] : [`stuck: the last check on ${replica} was false`]),
    ...(jti === after.jti ? [] : [`stuck: ${replica} shows ${jti ?? 'none'} and not ${after.jti ?? 'none'}`]),
  ]);
  if (lastWords.length === 0) faults.push('nobody had a last word');
  if (after.queued) faults.push('stuck: a license of the next term still waits');
  const open = attempts.filter(({ over, jti, lid }) => !over && jti === last.jti && lid === last.lid);
  if (open.length > 0) faults.push(`stuck: ${open.length} attempts to renew the present token are open`);
  return faults;
}

/** How long after its end something was still shown, at most; milliseconds. */
export function furthestBehind({ calls, audit }: History): number {
  const timeline = new Timeline(audit);
  const reads = calls.filter(
    ({ kind, jti, status }) => kind === 'read' && status === 200 && jti !== undefined,
  );
  return Math.max(
    0,
    ...reads.map((call) => {
      const latest = candidates(call, timeline).at(-1);
      return latest === undefined ? 0 : call.start - latest.until;
    }),
  );
}

function grouped<T>(all: readonly T[], by: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const key = by(one);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return groups;
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(11, 23);
}
