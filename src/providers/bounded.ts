import { z } from 'zod';
import { bounds } from '../lib/bounds.ts';

const { maxChars, maxItems } = bounds.providerReport;

/** A name as a Git host reports it. A longer one is no name of that product. */
export const shortName = z.string().min(1).max(maxChars);

/** A list of names, of which the beginning is kept. A report is kept for each credential, so it may not be large. */
export const shortList = z.array(z.string().max(maxChars)).transform((list) => list.slice(0, maxItems));

/** Names with a level each, of which some are kept. */
export const shortRecord = z
  .record(z.string().max(maxChars), z.string().max(maxChars))
  .transform((record) => Object.fromEntries(Object.entries(record).slice(0, maxItems)));
