import { replayFolder } from './replay/command.ts';

try {
  process.exitCode = await replayFolder(process.argv.slice(2), (line) => console.log(line));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
