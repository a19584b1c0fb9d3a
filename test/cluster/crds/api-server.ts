import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type CommandResult, kubectl } from '../../harness/kubectl.ts';

const savedObject = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.record(z.string(), z.unknown()),
  status: z.record(z.string(), z.unknown()).optional(),
});

/** The API server as the tests of the CRDs use it: everything is in their own namespace. */
export interface ApiServer {
  /** kubectl in the namespace. */
  run(args: string[], input?: string): Promise<CommandResult>;
  /** kubectl in the namespace; throws with its error output if it fails. */
  mustRun(args: string[], input?: string): Promise<string>;
  /** Asks whether a manifest would be taken, and stores nothing. */
  tryCreate(manifest: string): Promise<CommandResult>;
  get(resource: string, name: string): Promise<z.output<typeof savedObject>>;
}

/** Makes a new namespace, whose name begins as given, and returns the API server seen from it. */
export async function openApiServer(kubeconfig: string, prefix: string): Promise<ApiServer> {
  const namespace = `${prefix}-${randomUUID().slice(0, 8)}`;
  const run = async (args: string[], input?: string): Promise<CommandResult> =>
    await kubectl(['--namespace', namespace, ...args], { kubeconfig, ...(input !== undefined && { input }) });
  const mustRun = async (args: string[], input?: string): Promise<string> => {
    const { code, stdout, stderr } = await run(args, input);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  await mustRun(['create', 'namespace', namespace]);
  return {
    run,
    mustRun,
    tryCreate: async (manifest) =>
      await run(['create', '--dry-run=server', '--validate=strict', '--filename', '-'], manifest),
    get: async (resource, name) =>
      savedObject.parse(JSON.parse(await mustRun(['get', resource, name, '--output', 'json']))),
  };
}
