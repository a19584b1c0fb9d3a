import { bounds } from '../lib/bounds.ts';
import { eachMember, isText, type JsonSlice, jsonElements, shortText, sliceText } from '../lib/json-bytes.ts';

/**
 * What is read of a kind, so that nothing else of an object gets into memory. Anybody who may write an object decides
 * about its labels, annotations and finalizers, up to 1.5 MiB of them.
 */
export interface Projection {
  /** Keys of labels; undefined keeps all. */
  labels?: readonly string[];
  /** Keys of annotations, of whose values the beginning is kept. */
  annotations: readonly string[];
  /** Of finalizers, these are kept, and some more, so that a list that has others never looks empty. */
  finalizers: readonly string[];
}

/** What is kept of one object. */
export interface Slimming {
  /** `metadata` only. */
  metadataOnly?: boolean | undefined;
  /** Undefined keeps all but `managedFields`, for objects that are written back. */
  projection?: Projection | undefined;
  /** Of `data` and `binaryData`, this entry, and of others their names. */
  dataKey?: string | undefined;
}

const { annotationChars, dataNames, finalizers: maxFinalizers } = bounds.objectMetadata;
const plainMetadata = [
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
];

/**
 * The JSON of an object without what is never read. It is cut out of the text before that is parsed: an object of an
 * attacker takes hundreds of milliseconds and many times its size when all of it is made into JavaScript objects.
 *
 * @throws JsonFault
 */
export function slimText(bytes: Uint8Array, object: JsonSlice, slimming: Slimming): string {
  const { metadataOnly = false, dataKey } = slimming;
  const members: string[] = [];
  eachMember(bytes, object, (keyStart, keyEnd, start, end) => {
    const isKey = (name: string): boolean => isText(bytes, keyStart, keyEnd, name);
    if (isKey('metadata'))
      members.push(`"metadata":${slimMetadata(bytes, { start, end }, slimming.projection)}`);
    else if (metadataOnly) return;
    else if (dataKey !== undefined && (isKey('data') || isKey('binaryData')))
      members.push(
        `${sliceText(bytes, { start: keyStart, end: keyEnd })}:${entry(bytes, { start, end }, dataKey)}`,
      );
    else members.push(sliceText(bytes, { start: keyStart, end }));
  });
  return `{${members.join(',')}}`;
}

function slimMetadata(bytes: Uint8Array, metadata: JsonSlice, projection: Projection | undefined): string {
  const members: string[] = [];
  eachMember(bytes, metadata, (keyStart, keyEnd, start, end) => {
    const isKey = (name: string): boolean => isText(bytes, keyStart, keyEnd, name);
    const value = { start, end };
    // Half of an object's size, and a PUT without it keeps what the server has.
    if (isKey('managedFields')) return;
    if (projection === undefined || plainMetadata.some(isKey))
      members.push(sliceText(bytes, { start: keyStart, end }));
    else if (isKey('labels')) members.push(`"labels":${pick(bytes, value, projection.labels)}`);
    else if (isKey('annotations'))
      members.push(`"annotations":${pick(bytes, value, projection.annotations, annotationChars)}`);
    else if (isKey('finalizers'))
      members.push(`"finalizers":${fewFinalizers(bytes, value, projection.finalizers)}`);
  });
  return `{${members.join(',')}}`;
}

/** The object with these members only, or all; of longer strings the beginning. */
function pick(
  bytes: Uint8Array,
  object: JsonSlice,
  names: readonly string[] | undefined,
  maxChars = Number.POSITIVE_INFINITY,
): string {
  if (names === undefined) return sliceText(bytes, object);
  const members: string[] = [];
  eachMember(bytes, object, (keyStart, keyEnd, start, end) => {
    if (!names.some((name) => isText(bytes, keyStart, keyEnd, name))) return;
    members.push(
      `${sliceText(bytes, { start: keyStart, end: keyEnd })}:${shortText(bytes, { start, end }, maxChars)}`,
    );
  });
  return `{${members.join(',')}}`;
}

/** One entry of an object. Of the others some names are left, without their values, to show what is there. */
function entry(bytes: Uint8Array, object: JsonSlice, name: string): string {
  const members: string[] = [];
  eachMember(bytes, object, (keyStart, keyEnd, _start, end) => {
    const key = { start: keyStart, end: keyEnd };
    if (isText(bytes, keyStart, keyEnd, name)) members.push(sliceText(bytes, { start: keyStart, end }));
    else if (members.length < dataNames) members.push(`${sliceText(bytes, key)}:""`);
  });
  return `{${members.join(',')}}`;
}

function fewFinalizers(bytes: Uint8Array, list: JsonSlice, own: readonly string[]): string {
  const kept: string[] = [];
  for (const { start, end } of jsonElements(bytes, list))
    if (kept.length < maxFinalizers || own.some((name) => isText(bytes, start, end, name)))
      kept.push(sliceText(bytes, { start, end }));
  return `[${kept.join(',')}]`;
}
