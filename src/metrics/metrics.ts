import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, type Metric, Registry } from 'prom-client';
import { COMMIT, VERSION } from '../config/build-info.js';
import { Histogram } from './histogram.js';

/** Every value that each label can have. What a caller chooses is never among them. */
export type LabelValues = Readonly<Record<string, readonly string[]>>;

/** One value for each label. */
export type Labels<V extends LabelValues> = { readonly [Name in keyof V]: V[Name][number] };

/**
 * The metrics of one application, in Prometheus' text format. A registry of its own: a process may run several
 * applications.
 *
 * A module takes this in its constructor and registers there. A value that can be derived is a gauge, which is computed
 * at each scrape; an event is a counter, incremented where the decision is made. Every name is in docs/metrics.md. No
 * part of a token, a license, a caller or a path may be in a name or a label: every client of the port can read them.
 */
@Injectable()
export class Metrics {
  readonly #registry = new Registry();
  #reading: Promise<string> | undefined;

  constructor() {
    this.gauge(
      'licentia_build_info',
      'Always 1; the labels say what runs.',
      { version: [VERSION], commit: [COMMIT] },
      () => 1,
    );
  }

  /**
   * A value that is read at each scrape, once for each combination of labels. `undefined` leaves the sample out:
   * absent is not zero. `read` does no I/O and does not throw.
   */
  gauge<const V extends LabelValues>(
    name: string,
    help: string,
    values: V,
    read: (labels: Labels<V>) => number | undefined,
  ): void {
    const combinations = combine(values);
    new Gauge({
      name,
      help,
      labelNames: Object.keys(values),
      registers: [this.#registry],
      collect() {
        for (const labels of combinations) {
          const value = read(labels);
          if (value === undefined) this.remove(labels);
          else this.set(labels, value);
        }
      },
    });
  }

  /**
   * A count of what happened. Every combination of labels is there from the start with 0: a rate over a series that
   * begins with its first event misses that event.
   * @returns counts one more
   */
  counter<const V extends LabelValues>(name: string, help: string, values: V): (labels: Labels<V>) => void {
    const counter = new Counter({
      name,
      help,
      labelNames: Object.keys(values),
      registers: [this.#registry],
    });
    for (const labels of combine(values)) counter.inc(labels, 0);
    return (labels) => counter.inc(labels as Record<string, string>);
  }

  /** A count that is kept elsewhere and read at each scrape, as {@link gauge} reads: it never goes back. */
  total<const V extends LabelValues>(
    name: string,
    help: string,
    values: V,
    read: (labels: Labels<V>) => number,
  ): void {
    const combinations = combine(values);
    new Counter({
      name,
      help,
      labelNames: Object.keys(values),
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const labels of combinations) this.inc(labels, read(labels));
      },
    });
  }

  /**
   * How long things took, seconds. The caller sees to it that its labels have few values.
   * @returns the observer of one combination of labels, to be made once and kept
   */
  histogram<Names extends string>(
    name: string,
    help: string,
    buckets: readonly number[],
  ): (labels: Readonly<Record<Names, string>>) => (seconds: number) => void {
    const histogram = new Histogram<Names>(name, help, buckets);
    // The type names prom-client's own classes; its registry asks for no more than this one has.
    this.#registry.registerMetric(histogram as unknown as Metric);
    return (labels) => histogram.observer(labels);
  }

  /**
   * Adds the figures of the process itself: memory, processor, event loop, garbage collection. For programs alone and
   * once in each: it observes the whole process until its end.
   */
  observeProcess(): void {
    collectDefaultMetrics({ register: this.#registry });
  }

  /** The media type of {@link text}. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Everything, as Prometheus reads it. However many ask at a time, it is put together once. */
  async text(): Promise<string> {
    this.#reading ??= this.#registry.metrics().finally(() => (this.#reading = undefined));
    return this.#reading;
  }
}

/** Every combination of one value for each label; of no labels, the one without any. */
function combine<V extends LabelValues>(values: V): Labels<V>[] {
  let combinations: Record<string, string>[] = [{}];
  for (const [name, choices] of Object.entries(values)) {
    combinations = combinations.flatMap((labels) => choices.map((value) => ({ ...labels, [name]: value })));
  }
  return combinations as Labels<V>[];
}
