import type { GeneratedFile } from '../generate/crd-files.ts';
import { type Panel, rows } from './panels.ts';

/** Heights in Grafana's grid. */
const heights = { number: 4, lines: 8, table: 8 };

/** A panel with its place in the grid of 24 columns. */
export interface Placed {
  panel: Panel;
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A heading with its panels. */
export interface PlacedRow {
  title: string;
  y: number;
  panels: Placed[];
}

/** Every row with its panels, in their places. */
export function layOut(): PlacedRow[] {
  let y = 0;
  return rows.map(({ title, panels }) => {
    const row: PlacedRow = { title, y, panels: [] };
    y += 1;
    let x = 0;
    let lineHeight = 0;
    for (const panel of panels) {
      if (x + panel.width > 24) {
        x = 0;
        y += lineHeight;
      }
      const height = heights[panel.kind];
      row.panels.push({ panel, x, y, width: panel.width, height });
      x += panel.width;
      lineHeight = height;
    }
    y += lineHeight;
    return row;
  });
}

/**
 * The dashboard as a file of the chart. Its form is that which Grafana imports and its sidecar reads:
 * https://grafana.com/docs/grafana/latest/visualizations/dashboards/build-dashboards/view-dashboard-json-model/
 */
export function dashboardFile(): GeneratedFile {
  let id = 0;
  const panels = layOut().flatMap(({ title, y, panels: own }) => [
    { id: ++id, type: 'row', title, collapsed: false, gridPos: { h: 1, w: 24, x: 0, y }, panels: [] },
    ...own.map((placed) => grafanaPanel(++id, placed)),
  ]);
  const dashboard = {
    uid: 'codemie-git-operator',
    title: 'CodeMie Git operator',
    tags: ['codemie', 'kubernetes'],
    schemaVersion: 42,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '1m',
    time: { from: 'now-6h', to: 'now' },
    timezone: 'browser',
    annotations: { list: [] },
    links: [],
    templating: {
      list: [
        {
          name: 'datasource',
          label: 'Data source',
          type: 'datasource',
          query: 'prometheus',
          current: {},
          hide: 0,
        },
        variable('namespace', 'Namespace', 'label_values(codemie_git_integration_condition, namespace)'),
        variable(
          'job',
          'Job',
          'label_values(leader_election_master_status{name=~"codemie-git-operator.*"}, job)',
        ),
      ],
    },
    panels,
  };
  return {
    path: 'charts/codemie-git-operator/files/dashboard.json',
    content: `${JSON.stringify(dashboard, undefined, 2)}\n`,
  };
}

const datasource = { type: 'prometheus', uid: '$datasource' };

function variable(name: string, label: string, query: string) {
  return {
    name,
    label,
    type: 'query',
    datasource,
    definition: query,
    query: { query, refId: 'A' },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { text: ['All'], value: ['$__all'] },
    hide: 0,
  };
}

function grafanaPanel(id: number, { panel, x, y, width, height }: Placed) {
  const { title, kind, unit = 'short', description, queries, columns } = panel;
  return {
    id,
    title,
    type: { number: 'stat', lines: 'timeseries', table: 'table' }[kind],
    ...(description !== undefined && { description }),
    datasource,
    gridPos: { h: height, w: width, x, y },
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource,
      expr,
      ...(legend !== undefined && { legendFormat: legend }),
      ...(kind === 'table' ? { format: 'table', instant: true } : { range: true }),
    })),
    fieldConfig: { defaults: { unit, ...(kind === 'lines' && { min: 0 }) }, overrides: [] },
    ...options(kind),
    ...(columns && { transformations: [organize(columns)] }),
  };
}

function options(kind: Panel['kind']): object {
  if (kind === 'number')
    return { options: { reduceOptions: { calcs: ['lastNotNull'] }, colorMode: 'none', graphMode: 'area' } };
  if (kind === 'table') return { options: { showHeader: true } };
  return {
    options: {
      legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  };
}

/** Hides every column but the wanted ones, which come in their order. */
function organize({ labels, value }: NonNullable<Panel['columns']>) {
  const wanted = [...labels, ...(value === undefined ? [] : ['Value'])];
  return {
    id: 'filterFieldsByName',
    options: { include: { names: wanted } },
  };
}
