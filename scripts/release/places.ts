/**
 * Where releases go: the one place that says so. Chart, image, workflows and documentation have the same, which a test
 * compares. Nothing has been published there yet.
 */
export const places = {
  /** The repository with the sources. */
  source: 'https://github.com/codemie-ai/codemie-git-operator',
  /** The host of the registry for image and chart. */
  registry: 'ghcr.io',
  /** The image in the registry. */
  imageRepository: 'codemie-ai/codemie-git-operator',
  /** The folder of the chart in the registry; the chart's name comes after it. */
  chartFolder: 'codemie-ai/charts',
} as const;
