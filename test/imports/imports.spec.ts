import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const root = resolve(__dirname, '../..');
const config = join(root, '.dependency-cruiser.cjs');

/** One planted violation per rule: the file that breaks it, and what it imports. */
const plants: readonly { rule: string; file: string; imports: string }[] = [
  { rule: 'pure-libs-stay-pure', file: 'libs/units/planted-pure.ts', imports: '../../db/target' },
  { rule: 'pure-libs-use-listed-packages', file: 'libs/learn/planted-package.ts', imports: 'yaml' },
  { rule: 'documents-use-validation-only', file: 'libs/campaign/document/planted.ts', imports: 'uuid' },
  { rule: 'hashing-only-where-it-is-the-point', file: 'libs/dna/planted.ts', imports: 'yaml' },
  { rule: 'layer-errors-units-random-looks-down-only', file: 'libs/errors/planted.ts', imports: '../dna/target' },
  { rule: 'layer-labware-dna-device-looks-down-only', file: 'libs/labware/planted.ts', imports: '../protocol/target' },
  { rule: 'layer-protocol-looks-down-only', file: 'libs/protocol/planted.ts', imports: '../campaign/target' },
  { rule: 'layer-campaign-looks-down-only', file: 'libs/campaign/planted.ts', imports: '../learn/target' },
  { rule: 'workflows-stay-deterministic', file: 'workflows/round/planted.ts', imports: '../../libs/dna/target' },
  { rule: 'workflows-see-types-of-pure-libs-only', file: 'workflows/round/planted-db.ts', imports: '../../db/target' },
  { rule: 'db-knows-pure-code-and-the-driver', file: 'db/planted.ts', imports: '../apps/api/target' },
  { rule: 'platform-is-below-the-apps', file: 'libs/platform/http/planted.ts', imports: '../../dna/target' },
  { rule: 'only-platform-database-knows-db', file: 'libs/platform/http/planted-db.ts', imports: '../../../db/target' },
  { rule: 'api-never-loads-workflow-code', file: 'apps/api/planted.ts', imports: '../../workflows/round/target' },
  { rule: 'worker-loads-workflows-by-bundle', file: 'apps/worker/planted.ts', imports: '../../workflows/round/target' },
  { rule: 'agent-stays-small', file: 'apps/agent/planted.ts', imports: '../../db/target' },
  { rule: 'cli-is-a-client', file: 'apps/cli/planted.ts', imports: '../../db/target' },
  {
    rule: 'virtual-lab-shares-nothing-with-the-product',
    file: 'apps/virtual-lab/planted.ts',
    imports: '../../db/target',
  },
  { rule: 'no-app-imports-another', file: 'apps/agent/planted-app.ts', imports: '../api/target' },
  { rule: 'testing-is-never-shipped', file: 'apps/api/planted-testing.ts', imports: '../../libs/testing/target' },
  { rule: 'no-cycles', file: 'apps/api/a-circle.ts', imports: './circle-back' },
];

const targets = [
  'db/target.ts',
  'libs/dna/target.ts',
  'libs/protocol/target.ts',
  'libs/campaign/target.ts',
  'libs/learn/target.ts',
  'libs/testing/target.ts',
  'apps/api/target.ts',
  'workflows/round/target.ts',
];

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string };
}

describe('import rules', () => {
  let tree: string;
  let violations: readonly Violation[];

  beforeAll(() => {
    tree = plantTree();
    violations = cruise(tree);
  });
  afterAll(() => rmSync(tree, { recursive: true, force: true }));

  it.each(plants)('$rule catches its planted violation', ({ rule, file }) => {
    expect(violations.filter((violation) => violation.from === file).map((violation) => violation.rule.name)).toContain(
      rule,
    );
  });

  it('plants one violation for every rule there is', () => {
    const rules = (createRequire(config)(config) as { forbidden: { name: string }[] }).forbidden.map(
      (rule) => rule.name,
    );
    expect(plants.map((plant) => plant.rule).sort()).toEqual([...rules].sort());
  });

  it('gives no false alarm on the targets', () => {
    expect(violations.filter((violation) => targets.includes(violation.from))).toEqual([]);
  });
});

function plantTree(): string {
  const folder = mkdtempSync(join(tmpdir(), 'anneal-imports-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'tsconfig.json'), readFileSync(join(root, 'tsconfig.json')));
  for (const target of targets) write(folder, target, 'export const target = 1;\n');
  for (const plant of plants)
    write(folder, plant.file, `import * as seen from '${plant.imports}';\nexport const planted = seen;\n`);
  write(folder, 'apps/api/circle-back.ts', "import * as seen from './a-circle';\nexport const planted = seen;\n");
  return folder;
}

function write(folder: string, file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
}

function cruise(folder: string): readonly Violation[] {
  const command = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const args = [command, '--config', config, '--output-type', 'json', 'apps', 'libs', 'workflows', 'db'];
  const text = execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 26 });
  return (JSON.parse(text) as { summary: { violations: Violation[] } }).summary.violations;
}
