import { setImmediate as nextTurn } from 'node:timers/promises';
import { Registry } from '@prometheus-io/client';

/** A gauge with series for each object, which are not kept: they are computed on each scrape. */
export interface ObjectGauge {
  name: string;
  help: string;
  labelNames: readonly string[];
  /** All series as of now. `labels` is the text between the braces, see {@link labelText}. */
  series: () => Iterable<readonly [labels: string, value: number]>;
}

/** Everything that /metrics shows. */
export interface Exposition {
  /** For metrics with few series. */
  readonly registry: Registry;
  readonly objectGauges: readonly ObjectGauge[];
  /** @throws Error if the name is taken */
  add(gauge: ObjectGauge): void;
  /**
   * All of it in the text format, in pieces: between two of them other work gets its turn.
   * https://prometheus.io/docs/instrumenting/exposition_formats/
   */
  text: () => AsyncIterable<string>;
}

/** Lines of one piece: a fraction of a millisecond. */
const linesPerPiece = 1_000;

/** Makes an empty exposition. */
export function createExposition(): Exposition {
  const registry = new Registry();
  const objectGauges: ObjectGauge[] = [];
  return {
    registry,
    objectGauges,
    add(gauge) {
      const taken = objectGauges.some(({ name }) => name === gauge.name);
      if (taken || registry.getSingleMetric(gauge.name))
        throw new Error(`There are two metrics ${gauge.name}.`);
      objectGauges.push(gauge);
    },
    async *text() {
      yield await registry.metrics();
      for (const gauge of objectGauges) yield* textOf(gauge);
    },
  };
}

async function* textOf({ name, help, series }: ObjectGauge): AsyncIterable<string> {
  let piece = `\n# HELP ${name} ${help}\n# TYPE ${name} gauge\n`;
  let lines = 0;
  for (const [labels, value] of series()) {
    piece += labels === '' ? `${name} ${value}\n` : `${name}{${labels}} ${value}\n`;
    lines += 1;
    if (lines % linesPerPiece !== 0) continue;
    yield piece;
    piece = '';
    await nextTurn();
  }
  yield piece;
}

/** The labels between the braces, values escaped. */
export function labelText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(
      ([name, value]) =>
        `${name}="${value.replace(/[\\"\n]/g, (sign) => (sign === '\n' ? '\\n' : `\\${sign}`))}"`,
    )
    .join(',');
}
