import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';

/** A span as a collector receives it. */
interface CollectedSpan {
  traceId: string;
  spanId: string;
  /** Empty for the first of a trace. */
  parentSpanId: string;
  name: string;
  /** `server`, `client` and so on by number: 1 is internal, 3 a client. */
  kind: number;
  attributes: Readonly<Record<string, string | number | boolean>>;
  failed: boolean;
  resource: Readonly<Record<string, string | number | boolean>>;
}

/** An OpenTelemetry collector: takes traces as OTLP/HTTP in JSON. https://opentelemetry.io/docs/specs/otlp/ */
export interface OtlpCollector {
  /** For `--traces-endpoint`. */
  readonly endpoint: string;
  /** Everything received so far, oldest first. */
  readonly spans: readonly CollectedSpan[];
  /** All bodies, as they came. */
  bodies: () => string;
  /** The headers of the last request. */
  headers(): NodeJS.Dict<string | string[]>;
  /** Status of the answers from now on. Default 200. */
  answerWith(status: number): void;
  close(): Promise<void>;
}

const value = z.union([
  z.strictObject({ stringValue: z.string() }).transform((each) => each.stringValue),
  z.strictObject({ boolValue: z.boolean() }).transform((each) => each.boolValue),
  z.strictObject({ doubleValue: z.number() }).transform((each) => each.doubleValue),
  z
    .strictObject({ intValue: z.union([z.number(), z.string().transform(Number)]) })
    .transform((each) => each.intValue),
]);
const attributes = z
  .array(z.object({ key: z.string(), value }))
  .default([])
  .transform((list) => Object.fromEntries(list.map((each) => [each.key, each.value])));
const request = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes }),
      scopeSpans: z.array(
        z.object({
          spans: z.array(
            z.object({
              traceId: z.string().regex(/^[0-9a-f]{32}$/),
              spanId: z.string().regex(/^[0-9a-f]{16}$/),
              parentSpanId: z.string().default(''),
              name: z.string(),
              kind: z.number(),
              startTimeUnixNano: z.string().regex(/^\d+$/),
              endTimeUnixNano: z.string().regex(/^\d+$/),
              attributes,
              status: z.object({ code: z.number().default(0) }).default({ code: 0 }),
            }),
          ),
        }),
      ),
    }),
  ),
});

/** Starts a collector on a free port of this machine. */
export async function startOtlpCollector(): Promise<OtlpCollector> {
  const spans: CollectedSpan[] = [];
  const bodies: string[] = [];
  let headers: NodeJS.Dict<string | string[]> = {};
  let status = 200;
  async function receive(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(incoming);
    ({ headers } = incoming);
    bodies.push(body);
    if (incoming.method !== 'POST' || incoming.url !== '/v1/traces')
      return void response.writeHead(404).end();
    if (!incoming.headers['content-type']?.includes('application/json'))
      return void response.writeHead(415).end();
    const parsed = request.safeParse(JSON.parse(body));
    if (!parsed.success) return void response.writeHead(400).end(parsed.error.message);
    if (status === 200) spans.push(...parsed.data.resourceSpans.flatMap(spansOf));
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
  }

  const server = createServer((incoming, response) => void receive(incoming, response));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('A listening server has a port.');
  return {
    endpoint: `http://127.0.0.1:${address.port}/v1/traces`,
    spans,
    bodies: () => bodies.join('\n'),
    headers: () => headers,
    answerWith: (next) => {
      status = next;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

function spansOf({
  resource,
  scopeSpans,
}: z.output<typeof request>['resourceSpans'][number]): CollectedSpan[] {
  return scopeSpans.flatMap((scope) =>
    scope.spans.map(({ traceId, spanId, parentSpanId, name, kind, attributes: own, status }) => ({
      traceId,
      spanId,
      parentSpanId,
      name,
      kind,
      attributes: own,
      failed: status.code === 2,
      resource: resource.attributes,
    })),
  );
}
