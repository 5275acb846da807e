import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { parse } from 'yaml';
import { addCampaignCommands } from '../../apps/cli/commands/campaign';
import { addLabCommands } from '../../apps/cli/commands/lab';
import { addLoadingCommand } from '../../apps/cli/commands/loading';
import { addProtocolCommands } from '../../apps/cli/commands/protocol';
import { addStackCommands } from '../../apps/cli/stack/commands';
import { parseCampaign, shippedContext } from '../../libs/campaign/document/parse-campaign';
import { errorCatalogue } from '../../libs/errors/catalogue';
import { campaignKeys, everyKeyText, exampleOf, pageTables } from './page-tables';

const root = join(__dirname, '..', '..');
const folder = join(root, 'apps', 'console', 'docs');
const pages = readdirSync(folder).filter((file) => file.endsWith('.md'));
const readme = 'README.md';
const textOf = (page: string): string => readFileSync(join(page === readme ? root : folder, page), 'utf8');

/** `UPDATE_PAGES=1 npx jest test/examples/pages` writes the tables anew. */
const update = process.env['UPDATE_PAGES'] === '1';
const marked = /<!-- table: ([\w-]+) -->\n([\s\S]*?)<!-- \/table -->/g;

const withTables = (text: string): string =>
  text.replace(marked, (_all, name: string) => {
    const made = pageTables[name];
    if (!made) throw new Error(`no table "${name}"`);
    return `<!-- table: ${name} -->\n${made()}\n<!-- /table -->`;
  });

const commandGroups = [addCampaignCommands, addProtocolCommands, addLabCommands, addLoadingCommand, addStackCommands];

function program(): Command {
  const anneal = new Command('anneal').option('--api <url>').option('--token <token>').option('--role <role>');
  for (const add of commandGroups) add(anneal);
  return anneal;
}

/** Whole command lines of `anneal` in code blocks and code spans, without comments. */
function commandLines(text: string): string[] {
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) => block.split('\n'));
  const spans = [...text.matchAll(/`(anneal [^`]+)`/g)].map(([, span = '']) => span);
  const lines = [...blocks.flatMap((line) => line.replace(/\s#.*$/, '').split(';')), ...spans];
  return lines.flatMap((line) => /(?:^|\$\()\s*anneal (.+?)\)?$/.exec(line.trim())?.[1] ?? []);
}

describe('pages', () => {
  it.each(pages)('%s shows tables that equal the code', (page) => {
    const text = textOf(page);
    if (update) writeFileSync(join(folder, page), withTables(text));
    expect(textOf(page)).toBe(withTables(text));
  });

  it('show every table', () => {
    const shown = pages.flatMap((page) => [...textOf(page).matchAll(marked)].map(([, name]) => name));
    expect(shown.sort()).toEqual(Object.keys(pageTables).sort());
  });

  it.each(pages)('%s has at most 200 lines', (page) => {
    expect(textOf(page).split('\n').length).toBeLessThanOrEqual(201);
  });

  it.each([...pages, readme])('%s links to what is there', (page) => {
    const here = page === readme ? root : folder;
    const links = [...textOf(page).matchAll(/\]\(([^)#\s]+)/g)].map(([, to = '']) => to);
    const broken = links.filter((to) => !/^(https?:|\/docs\/api$)/.test(to) && !existsSync(join(here, to)));
    expect(broken).toEqual([]);
  });

  it.each([...pages, readme])('%s names commands and options the command line has', (page) => {
    const anneal = program();
    for (const line of commandLines(textOf(page))) {
      const words = line.replace(/"[^"]*"/g, 'text').split(/\s+/);
      const names = words.filter((word, at) => !word.startsWith('--') && !words[at - 1]?.startsWith('--role'));
      const top = anneal.commands.find((command) => command.name() === names[0]);
      const command = top?.commands.find((below) => below.name() === names[1]) ?? top;
      const known = [...(command?.options ?? []), ...anneal.options].map(({ long }) => long);
      const unknown = words.filter((word) => word.startsWith('--') && !known.includes(word));
      expect({ line, known: command !== undefined, unknown }).toEqual({ line, known: true, unknown: [] });
    }
  });

  it.each(pages)('%s gives codes the status they have', (page) => {
    const rows = [...textOf(page).matchAll(/^\| `([\w-]+)` \| (\d{3}) \|/gm)];
    for (const [, code = '', status] of rows)
      expect([code, errorCatalogue[code as keyof typeof errorCatalogue]]).toEqual([code, Number(status)]);
  });

  it.each(pages)('%s shows whole campaigns that are valid, without a warning', (page) => {
    const blocks = [...textOf(page).matchAll(/```yaml\n(schema: [\s\S]*?)```/g)].map(([, block = '']) => block);
    const parsed = blocks.map((block) => parseCampaign(block, shippedContext()));
    expect(parsed.flatMap((one) => (one.ok ? one.warnings : one.findings))).toEqual([]);
  });

  it.each(pages)('%s shows JSON that can be read', (page) => {
    for (const [, block = ''] of textOf(page).matchAll(/```json\n([\s\S]*?)```/g))
      expect(() => JSON.parse(block) as unknown).not.toThrow();
  });
});

describe('README', () => {
  it('says why each dependency is here, and names no other', () => {
    const [, table = ''] = /### Why each dependency is here\n([\s\S]*?)\n\n\S/.exec(textOf(readme)) ?? [];
    const named = [...table.matchAll(/^\| (.*?) \|/gm)]
      .flatMap(([, cell = '']) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name))
      .flatMap((name) => {
        const [, scope = '', list = ''] = /^(.*)\{(.*)\}$/.exec(name) ?? [];
        return list === '' ? [name] : list.split(',').map((each) => `${scope}${each}`);
      });
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: object };
    const whole = (name: string): string => (name.startsWith('@temporalio/') ? '@temporalio/*' : name);
    expect([...named].sort()).toEqual([...new Set(Object.keys(dependencies).map(whole))].sort());
  });
});

describe('the example that says everything', () => {
  it('is valid, without a warning', () => {
    expect(parseCampaign(everyKeyText(), shippedContext())).toMatchObject({ ok: true, warnings: [] });
  });

  it('has every key of the schema', () => {
    const example: unknown = parse(everyKeyText());
    const leaves = campaignKeys().filter(({ value }) => !/map|\{/.test(value));
    expect(leaves.filter(({ path }) => exampleOf(example, path) === '').map(({ path }) => path)).toEqual([]);
  });
});
