import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A key of a document class, as its source says. */
export interface DocumentKey {
  /** `library.slots[].id` */
  readonly path: string;
  /** What may stand there: type, choices and limits. */
  readonly value: string;
  readonly required: boolean;
  readonly fallback: string | undefined;
  readonly meaning: string;
}

const property = /^  \/\*\* ([\s\S]*?) \*\/\n((?:  @[\s\S]*?\)\n)*?)  (\w+)\??(?:: [^=;]+?)?(?: = ([\s\S]+?))?;$/gm;

/** Every key below a document class, depth first, in the order of the source. Versioned references stay whole. */
export function documentKeys(folder: string, files: readonly string[], root: string, prefix = ''): DocumentKey[] {
  const source = files.map((file) => readFileSync(join(folder, file), 'utf8')).join('\n');
  const [, body] = new RegExp(`^export class ${root} \\{\\n([\\s\\S]*?)\\n\\}$`, 'm').exec(source) ?? [];
  if (body === undefined) throw new Error(`no class ${root} in ${files.join(', ')}`);
  return [...body.matchAll(property)].flatMap((match) => {
    const [, comment = '', decorators = '', name = '', fallback] = match;
    const nested = /@Type\(\(\) => (\w+)\)/.exec(decorators)?.[1];
    const list = decorators.includes('@IsArray()');
    const path = `${prefix}${name}`;
    const below =
      nested && nested !== 'VersionedRef' ? documentKeys(folder, files, nested, `${path}${list ? '[]' : ''}.`) : [];
    const own: DocumentKey = {
      path,
      value: valueOf(decorators),
      required: !decorators.includes('@IsOptional()'),
      fallback: fallback && defaultOf(fallback),
      meaning: comment.replace(/\s*\n\s*\* ?/g, ' ').trim(),
    };
    return [own, ...below];
  });
}

const defaultOf = (code: string): string | undefined => {
  if (code.startsWith('new ')) return undefined;
  const [, id, version] = /^versionedRef\('(.+)', '(.+)'\)$/.exec(code) ?? [];
  return id ? `{ id: ${id}, version: "${version}" }` : code.replaceAll("'", '').replace(' as const', '');
};

/** How a single value is written, by the first decorator that says so. */
const kinds: readonly (readonly [RegExp, (match: RegExpExecArray, decorators: string) => string])[] = [
  [/@IsIn\(\[([^\]]+)\]/, ([, choices = '']) => choices.replaceAll("'", '').split(', ').join(' \\| ')],
  [/@Is(Id|Slug|Version|Duration|CalendarDate)\(/, ([, name]) => named[name as keyof typeof named]],
  [/@IsInt\(/, (_match, decorators) => `whole number${rangeOf(decorators)}`],
  [/@IsNumber\(/, (_match, decorators) => `number${rangeOf(decorators)}`],
  [/@IsBoolean\(/, () => 'true \\| false'],
  [/@Type\(\(\) => VersionedRef\)/, () => '{ id, version }'],
  [/@Type\(|@IsObject\(/, () => 'map'],
  [/@IsString\(/, () => 'text'],
];

const named = {
  Id: 'id',
  Slug: 'slug',
  Version: 'quoted version',
  Duration: 'duration',
  CalendarDate: 'YYYY-MM-DD',
} as const;

function valueOf(decorators: string): string {
  const kind = kinds.find(([pattern]) => pattern.test(decorators));
  const list = decorators.includes('@IsArray()');
  const other = list ? 'step' : 'anything';
  const single = kind ? kind[1](kind[0].exec(decorators) as RegExpExecArray, decorators) : other;
  if (!list) return single;
  const [least = '0', most = ''] = [numberIn(decorators, 'ArrayMinSize'), numberIn(decorators, 'ArrayMaxSize')];
  return `list of ${least === most ? most : `${least}–${most}`} × ${single}`;
}

function rangeOf(decorators: string): string {
  const [low, high] = [numberIn(decorators, 'Min'), numberIn(decorators, 'Max')];
  if (low !== undefined && high !== undefined) return ` ${low}–${high}`;
  return low === undefined ? '' : ` from ${low}`;
}

function numberIn(decorators: string, name: string): string | undefined {
  const text = new RegExp(`@${name}\\(([\\d_.e]+)`).exec(decorators)?.[1];
  return text && String(Number(text.replaceAll('_', '')));
}
