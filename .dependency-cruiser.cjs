/** Which way imports go. The sentence first, the pattern second; test/imports plants one violation of each. */
const specs = '(\\.spec\\.ts$|^libs/testing|^test/)';
const pureNames = 'errors|units|random|labware|dna|device|protocol|campaign|design|build|assay|learn|report';
const pure = `^libs/(${pureNames})/`;
/** npm packages and Node modules a pure folder may use, beside other pure folders. */
const allowed = {
  'libs/(campaign|protocol)/document': [
    'class-validator',
    'class-transformer',
    'reflect-metadata',
    'yaml',
    '^fs$',
    '^path$',
    'node:fs',
    'node:path',
  ],
  'libs/protocol/library': ['^fs$', '^path$'],
  'libs/dna': ['^crypto$', 'node:crypto', '^fs$', '^path$'],
};
const npmOrNode = [
  '(^|/)node_modules/',
  '^(node:)?(fs|path|crypto|os|http|https|net|stream|child_process|worker_threads|url|util|zlib|events|timers)(/|$)',
];

/** Layers of the pure libs: a folder may import those to its left, and itself. */
const layers = [
  ['errors', 'units', 'random'],
  ['labware', 'dna', 'device'],
  ['protocol'],
  ['campaign'],
  ['design', 'build', 'assay', 'learn', 'report'],
];
const layerRules = layers.slice(0, -1).map((layer, index) => ({
  name: `layer-${layer.join('-')}-looks-down-only`,
  comment: `errors, units, random ← labware, dna, device ← protocol ← campaign ← design, build, assay, learn: ${layer.join(', ')} import nothing further right.`,
  severity: 'error',
  from: { path: `^libs/(${layer.join('|')})/`, pathNot: specs },
  to: {
    path: `^libs/(${layers
      .slice(index + 1)
      .flat()
      .join('|')})/`,
  },
}));

module.exports = {
  forbidden: [
    {
      name: 'pure-libs-stay-pure',
      comment: 'A reader of the field can check the science without a framework, a clock or a database.',
      severity: 'error',
      from: { path: pure, pathNot: specs },
      to: {
        path: [
          '^(apps|workflows|db|test)/',
          '^libs/(platform|client|testing)/',
          '@nestjs',
          'typeorm',
          '@temporalio',
          '/pg/',
        ],
      },
    },
    {
      name: 'pure-libs-use-listed-packages',
      comment: 'Each pure folder has a list of npm and Node modules; anything else is added here with its reason.',
      severity: 'error',
      from: { path: pure, pathNot: `${specs}|^libs/(campaign|protocol)/(document|library)|^libs/dna|^libs/assay` },
      to: { path: npmOrNode },
    },
    {
      name: 'documents-use-validation-only',
      comment:
        'class-validator and the YAML reader live in the documents of campaign and protocol, nowhere else in pure code.',
      severity: 'error',
      from: { path: '^libs/(campaign|protocol)/(document|library)', pathNot: specs },
      to: {
        path: npmOrNode,
        pathNot: 'node_modules/(class-validator|class-transformer|reflect-metadata|yaml)/|^(node:)?(fs|path)',
      },
    },
    {
      name: 'hashing-only-where-it-is-the-point',
      comment: 'libs/dna hashes sequences; libs/assay reads text tables.',
      severity: 'error',
      from: { path: '^libs/(dna|assay)', pathNot: specs },
      to: { path: npmOrNode, pathNot: '^(node:)?(fs|path|crypto)|node_modules/papaparse/' },
    },
    ...layerRules,
    {
      name: 'workflows-stay-deterministic',
      comment: 'Workflow code is replayed; only the workflow API and pure code may be reached from it.',
      severity: 'error',
      from: { path: '^workflows', pathNot: specs },
      to: {
        pathNot: [
          '^workflows',
          '^libs/(errors|units|device|(protocol|campaign)/(?!document|library))',
          '@temporalio/(workflow|common)',
        ],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'workflows-see-types-of-pure-libs-only',
      comment: 'Even as types, a workflow knows nothing of apps, the database or the platform.',
      severity: 'error',
      from: { path: '^workflows', pathNot: specs },
      to: { path: ['^(apps|db|test)/', '^libs/(platform|client|testing)/'] },
    },
    {
      name: 'db-knows-pure-code-and-the-driver',
      comment: 'Facts depend on the science, never on the apps that use them.',
      severity: 'error',
      from: { path: '^db', pathNot: specs },
      to: { path: ['^(apps|workflows|test)/', '^libs/(platform|client|testing)/', '@nestjs', '@temporalio'] },
    },
    {
      name: 'platform-is-below-the-apps',
      comment: 'Platform faces NestJS: config, database, temporal, http. It knows errors and units of the science.',
      severity: 'error',
      from: { path: '^libs/platform', pathNot: specs },
      to: {
        path: [
          '^(apps|workflows|test)/',
          `^libs/(${pureNames
            .split('|')
            .filter((n) => !['errors', 'units'].includes(n))
            .join('|')}|client)/`,
        ],
      },
    },
    {
      name: 'only-platform-database-knows-db',
      comment: 'Of the platform only the database module touches db.',
      severity: 'error',
      from: { path: '^libs/platform/(?!database)', pathNot: specs },
      to: { path: '^db/' },
    },
    {
      name: 'api-never-loads-workflow-code',
      comment: 'The api talks to workflows through their messages; robots are served while Temporal is away.',
      severity: 'error',
      from: { path: '^apps/api', pathNot: specs },
      to: { path: ['^workflows/(?!.*\\.messages\\.ts$)', '@temporalio/worker'] },
    },
    {
      name: 'worker-loads-workflows-by-bundle',
      comment: 'Workflow code reaches the worker as a bundle; it imports messages and activity interfaces only.',
      severity: 'error',
      from: { path: '^apps/worker', pathNot: specs },
      to: { path: '^workflows/(?!.*\\.(messages|activities)\\.ts$)' },
    },
    {
      name: 'agent-stays-small',
      comment: 'The agent sits beside an instrument: no server code.',
      severity: 'error',
      from: { path: '^apps/agent', pathNot: specs },
      to: {
        path: [
          '^(workflows|db)/',
          '^libs/(dna|protocol|campaign|design|learn|testing)/',
          '@nestjs',
          '@temporalio',
          'typeorm',
        ],
        pathNot: '^libs/platform/config',
      },
    },
    {
      name: 'cli-is-a-client',
      comment: 'The command line uses the API; only the embedded stack starts servers.',
      severity: 'error',
      from: { path: '^apps/cli/(?!stack)', pathNot: specs },
      to: { path: ['^(workflows|db)/', '^libs/testing/', '@temporalio', '@nestjs', 'typeorm', '/pg/'] },
    },
    {
      name: 'virtual-lab-shares-nothing-with-the-product',
      comment: 'The lab without a lab keeps the physical truth; it reaches the product by HTTP alone.',
      severity: 'error',
      from: { path: '^apps/virtual-lab', pathNot: specs },
      to: { path: ['^(workflows|db)/', '^libs/testing/', '@temporalio', 'typeorm', '/pg/'] },
    },
    {
      name: 'no-app-imports-another',
      comment: 'Processes share libs, never each other.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/', pathNot: specs },
      to: { path: '^apps/([^/]+)/', pathNot: '^apps/$1/' },
    },
    {
      name: 'testing-is-never-shipped',
      comment: 'Only specs and test/ import libs/testing.',
      severity: 'error',
      from: { pathNot: specs },
      to: { path: '^libs/testing/' },
    },
    { name: 'no-cycles', comment: 'No cycles.', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|apps/console)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
