import type { Placed, PlacedRow } from './dashboard.ts';

/** What Prometheus answered for a panel: a series for each line, row or number. */
export interface Series {
  labels: Readonly<Record<string, string>>;
  name: string;
  /** Seconds since 1970 and value, oldest first. */
  points: readonly (readonly [at: number, value: number])[];
}

const column = 50;
const line = 26;
const gap = 6;
const colors = ['#73bf69', '#5794f2', '#f2cc0c', '#ff780a', '#e02f44', '#b877d9', '#37872d', '#8ab8ff'];

/** Draws the dashboard with the data of each panel. */
export function draw(rows: readonly PlacedRow[], dataOf: (placed: Placed) => readonly Series[]): string {
  const bottom = Math.max(...rows.flatMap(({ panels }) => panels.map(({ y, height }) => y + height)));
  const body = rows.flatMap(({ title, y, panels }) => [
    text(8, y * line + 18, title, 13, '#d8d9da', 'bold'),
    ...panels.map((placed) => frame(placed, dataOf(placed))),
  ]);
  const [width, height] = [24 * column, bottom * line];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="Helvetica, Arial, sans-serif">`,
    `<rect width="${width}" height="${height}" fill="#111217"/>`,
    ...body,
    '</svg>\n',
  ].join('\n');
}

function frame({ panel, x, y, width, height }: Placed, series: readonly Series[]): string {
  const box = { width: width * column - gap, height: height * line - gap };
  const inner = {
    number: () => numberOf(series, box),
    lines: () => linesOf(series, box, panel.unit),
    table: () => tableOf(series, box, panel),
  }[panel.kind]();
  return [
    `<g transform="translate(${x * column + gap / 2} ${y * line + gap / 2})">`,
    `<rect width="${box.width}" height="${box.height}" rx="2" fill="#181b1f" stroke="#2c3035"/>`,
    text(8, 17, panel.title, 12, '#ccccdc', 'bold'),
    inner,
    '</g>',
  ].join('\n');
}

interface Box {
  width: number;
  height: number;
}

function numberOf(series: readonly Series[], { width, height }: Box): string {
  const value = series[0]?.points.at(-1)?.[1];
  const shown = value === undefined ? 'No data' : String(Math.round(value));
  return text(width / 2, height / 2 + 22, shown, 34, '#73bf69', 'bold', 'middle');
}

function linesOf(series: readonly Series[], { width, height }: Box, unit: Placed['panel']['unit']): string {
  const shown = series.slice(0, colors.length);
  const points = shown.flatMap((each) => each.points).filter(([, value]) => Number.isFinite(value));
  if (points.length === 0) return text(width / 2, height / 2, 'No data', 12, '#8e8e8e', 'normal', 'middle');
  const legendLines = Math.ceil(shown.length / 2);
  const plot = { left: 52, top: 28, right: width - 10, bottom: height - 14 - legendLines * 14 };
  const times = points.map(([at]) => at);
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const most = Math.max(...points.map(([, value]) => value)) || 1;
  const px = (at: number): number => plot.left + ((at - from) / (to - from || 1)) * (plot.right - plot.left);
  const py = (value: number): number => plot.bottom - (value / (most * 1.1)) * (plot.bottom - plot.top);
  const grid = [0, most / 2, most].map(
    (value) =>
      `<path d="M${plot.left} ${py(value).toFixed(1)}H${plot.right}" stroke="#2c3035"/>${text(plot.left - 4, py(value) + 4, format(value, unit), 10, '#8e8e8e', 'normal', 'end')}`,
  );
  const paths = shown.map((each, index) => {
    const finite = each.points.filter(([, value]) => Number.isFinite(value));
    const path = finite.map(([at, value]) => `${px(at).toFixed(1)} ${py(value).toFixed(1)}`).join('L');
    const color = colors[index] ?? '';
    return finite.length === 0 ? '' : `<path d="M${path}" fill="none" stroke="${color}" stroke-width="1.5"/>`;
  });
  const most2 = Math.floor((width / 2 - 30) / 5.6);
  const legend = shown.map((each, index) => {
    const [x, y] = [
      10 + (index % 2) * (width / 2),
      height - 8 - (legendLines - 1 - Math.floor(index / 2)) * 14,
    ];
    const name = each.name.length > most2 ? `${each.name.slice(0, most2 - 1)}…` : each.name;
    return `<rect x="${x}" y="${y - 5}" width="10" height="3" fill="${colors[index]}"/>${text(x + 14, y, name, 10, '#ccccdc')}`;
  });
  return [...grid, ...paths, ...legend].join('\n');
}

function tableOf(
  series: readonly Series[],
  { width, height }: Box,
  { columns, unit }: Placed['panel'],
): string {
  const { labels, value } = columns ?? { labels: [] };
  const head = value === undefined ? labels : [...labels, value];
  const cellWidth = (width - 16) / head.length;
  const cell = (row: number, index: number, content: string, color: string): string =>
    text(8 + index * cellWidth, 38 + row * 17, content.slice(0, Math.floor(cellWidth / 6)), 11, color);
  const most = Math.floor((height - 44) / 17);
  return [
    ...head.map((name, index) => cell(0, index, name, '#8e8e8e')),
    ...series.slice(0, most).flatMap((each, row) => {
      const last = each.points.at(-1)?.[1] ?? 0;
      const cells = labels.map((label) => each.labels[label] ?? '');
      if (value !== undefined) cells.push(format(last, unit));
      return cells.map((content, index) => cell(row + 1, index, content, '#ccccdc'));
    }),
  ].join('\n');
}

function format(value: number, unit: Placed['panel']['unit'] = 'short'): string {
  switch (unit) {
    case 'percentunit':
      return `${Math.round(value * 100)}%`;
    case 's':
      if (value >= 86_400) return `${Math.round(value / 86_400)} days`;
      if (value < 1) return `${Math.round(value * 1000)} ms`;
      return `${value.toFixed(1)} s`;
    case 'bytes':
      return `${Math.round(value / 2 ** 20)} MiB`;
    case 'ops':
      return `${value.toFixed(1)}/s`;
    case 'short':
      return Number.isInteger(value) ? String(value) : value.toFixed(1);
  }
}

function text(
  x: number,
  y: number,
  content: string,
  size: number,
  color: string,
  weight = 'normal',
  anchor = 'start',
): string {
  const escaped = content.replace(
    /[&<>]/g,
    (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign] ?? '',
  );
  return `<text x="${x}" y="${y.toFixed(1)}" font-size="${size}" fill="${color}" font-weight="${weight}" text-anchor="${anchor}">${escaped}</text>`;
}
