import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, constants, readFile, realpath, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** SHA-256 of a file, in hex. */
export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** First line of `temporal --version`, when the file is a Temporal CLI that runs on this machine. */
export async function temporalVersion(file: string): Promise<string | undefined> {
  const answer = await run(file, ['--version'], { timeout: 20_000, env: { HOME: '/' } }).catch(() => undefined);
  const line = answer?.stdout.split('\n')[0]?.trim();
  return line?.startsWith('temporal version') ? line : undefined;
}

/** Where an executable is on a PATH. */
export async function findOnPath(name: string, path: string | undefined): Promise<string | undefined> {
  for (const folder of (path ?? '').split(delimiter).filter(Boolean)) {
    const file = join(folder, name);
    const runs = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return realpath(file);
  }
  return undefined;
}

/** Writes down what a downloaded binary is, so that a later run sees that it is whole. */
export async function sealBinary(file: string): Promise<void> {
  await writeFile(`${file}.sha256`, await sha256Of(file));
}

/** Whether a binary of an earlier download is there and unchanged. */
export async function isSealed(file: string): Promise<boolean> {
  const expected = await readFile(`${file}.sha256`, 'utf8').catch(() => undefined);
  return expected !== undefined && (await sha256Of(file).catch(() => undefined)) === expected.trim();
}
