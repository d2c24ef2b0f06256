type LabelsOf<Names extends string> = Readonly<Record<Names, string>>;

/** What was observed with one combination of labels. */
interface Series<Names extends string> {
  readonly labels: LabelsOf<Names>;
  /** How many were in the bucket of the bound with the same index, and at the end those above all bounds. */
  readonly counts: number[];
  sum: number;
}

/**
 * A histogram for what every request does: an observation is two additions, and everything else is done at the scrape.
 * prom-client's own checks its labels and builds a key of them each time.
 */
export class Histogram<Names extends string> {
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  readonly #series: Series<Names>[] = [];

  /** @param bounds - the upper bounds of the buckets, lowest first; they belong to their bucket */
  constructor(
    readonly name: string,
    readonly help: string,
    private readonly bounds: readonly number[],
  ) {}

  /** @returns the observer of one combination of labels, asked for once each; it shows 0 from now on */
  observer(labels: LabelsOf<Names>): (value: number) => void {
    const { bounds } = this;
    const series: Series<Names> = {
      labels,
      counts: Array.from({ length: bounds.length + 1 }, () => 0),
      sum: 0,
    };
    this.#series.push(series);
    return (value) => {
      let bucket = 0;
      while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket += 1;
      series.counts[bucket] = (series.counts[bucket] as number) + 1;
      series.sum += value;
    };
  }

  /** What a registry of prom-client asks each of its metrics for. */
  async get(): Promise<object> {
    const { name, help, type, aggregator } = this;
    return { name, help, type, aggregator, values: this.#series.flatMap((series) => this.#samples(series)) };
  }

  #samples({ labels, counts, sum }: Series<Names>): object[] {
    let count = 0;
    const buckets = counts.map((own, at) => ({
      metricName: `${this.name}_bucket`,
      labels: { le: this.bounds[at] ?? '+Inf', ...labels },
      value: (count += own),
    }));
    return [
      ...buckets,
      { metricName: `${this.name}_sum`, labels, value: sum },
      { metricName: `${this.name}_count`, labels, value: count },
    ];
  }
}
