import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { dispatchTransitions } from '../../libs/device/transitions';
import { loadCollection, partRoles } from '../../libs/dna/collections/collection';
import type { Finding } from '../../libs/errors/domain-error';
import { labwareKinds } from '../../libs/labware/kinds';
import { campaignPointers } from '../../libs/protocol/campaign-pointers';
import { planners } from '../../libs/protocol/planners';
import type { PlannerInput } from '../../libs/protocol/planners';
import type { UnitOperation } from '../../libs/protocol/unit-operations';
import { isKinetic, unitOperations } from '../../libs/protocol/unit-operations';
import { documentKeys } from './document-keys';
import type { DocumentKey } from './document-keys';

const root = join(__dirname, '..', '..');
const code = (text: string): string => `\`${text}\``;
const codes = (texts: readonly string[]): string => texts.map(code).join(', ');
const orDash = (text: string): string => text || '–';

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Tables of the pages, by the name in their markers, made of the code they describe. */
export const pageTables: Readonly<Record<string, () => string>> = {
  'campaign-keys': () => keyTable(campaignKeys(), parse(everyKeyText()) as unknown),
  'campaign-mistakes': campaignMistakes,
  parts: partTable,
  'protocol-keys': () => protocolKeyTables(),
  'campaign-pointers': () => codes(campaignPointers),
  'unit-operations': operationTable,
  planners: plannerTable,
  labware: () =>
    table(
      ['kind', 'what', 'wells', 'most µL', 'dead µL'],
      labwareKinds.map(({ id, title, rows, columns, maxUl, deadUl }) => [code(id), title, `${rows} × ${columns}`, String(maxUl), String(deadUl)]), // prettier-ignore
    ),
  transitions: () =>
    table(
      ['from → to', 'event', 'by', 'when'],
      dispatchTransitions.map(({ from, to, event, by, when }) => [`${from} → ${to}`, code(event), by.join(', '), when]),
    ),
};

/** Every key a campaign may have. */
export const campaignKeys = (): DocumentKey[] =>
  documentKeys(
    join(root, 'libs', 'campaign', 'document'),
    ['campaign.dto.ts', 'build.dto.ts', 'assay.dto.ts', 'goal.dto.ts'],
    'CampaignDocument',
  );

/** The example that uses them all. */
export const everyKeyText = (): string => readFileSync(join(__dirname, 'every-key.yaml'), 'utf8');

function keyTable(keys: readonly DocumentKey[], example: unknown): string {
  const rows = keys.map(({ path, value, required, fallback, meaning }) => [
    code(path),
    value,
    required ? '**required**' : orDash(fallback ? code(fallback) : ''),
    ...(example === undefined ? [] : [orDash(exampleOf(example, path))]),
    meaning.replaceAll('|', '\\|'),
  ]);
  return table(['key', 'value', 'default', ...(example === undefined ? [] : ['example']), 'meaning'], rows);
}

/** First simple value of a key in the example; maps and lists of maps show in the keys below them. */
export function exampleOf(example: unknown, path: string): string {
  const [value] = path.split('.').reduce<unknown[]>(
    (found, step) => {
      const below = found.flatMap((item) => (item as Record<string, unknown>)[step.replace('[]', '')] ?? []);
      return step.endsWith('[]') ? below.flat() : below;
    },
    [example],
  );
  const list = Array.isArray(value) ? value : [value];
  if (value === undefined || list.some((item) => typeof item === 'object')) return '';
  return code(Array.isArray(value) ? `[${list.join(', ')}]`.slice(0, 40) : String(value));
}

function campaignMistakes(): string {
  const file = join(root, 'test', 'golden', 'campaign-mistakes', 'all-twenty.expected.json');
  const findings = JSON.parse(readFileSync(file, 'utf8')) as Finding[];
  const first = findings.filter(({ code: one }, at) => findings.findIndex((other) => other.code === one) === at);
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  return table(
    ['code', 'example: expected, found', 'what to do'],
    first.map(({ code: one, message, suggestion }) => [code(one), cell(message), cell(suggestion ?? '–')]),
  );
}

function partTable(): string {
  const { parts } = loadCollection('cidar-moclo', '1');
  const role = (term: string): string => Object.entries(partRoles).find(([, one]) => one === term)?.[0] ?? term;
  const keys = [...new Set(parts.map((part) => `${role(part.role)}|${part.position.join(', ')}`))];
  const idsOf = (key: string): string[] =>
    parts.filter((part) => `${role(part.role)}|${part.position.join(', ')}` === key).map(({ id }) => id);
  const rows = keys.map((key) => [...key.split('|'), codes(idsOf(key))]);
  return table(['role', 'position', 'parts'], rows);
}

function protocolKeyTables(): string {
  const folder = join(root, 'libs', 'protocol', 'document');
  const of = (name: string, prefix: string): DocumentKey[] => documentKeys(folder, ['protocol.dto.ts'], name, prefix);
  const steps = ['PlanStep', 'OperationStep', 'RepeatStep', 'BranchStep'] as const;
  return keyTable(
    [
      ...of('ProtocolDocument', ''),
      ...steps.flatMap((step) => of(`${step}Document`, `${step.replace('Step', '').toLowerCase()}: `)),
    ],
    undefined,
  );
}

const lasting = (ms: number): string =>
  ms % 3_600_000 === 0 ? `${ms / 3_600_000} h` : ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1_000} s`;

/** The operation's own time, what transfers add, and the durations it is asked for. */
function labTime({ durationMs, durationPerTransferMs, parameters }: UnitOperation): string {
  const asked = Object.entries(parameters).filter(([name, { type }]) => type === 'duration' && name !== 'every');
  return [
    ...(durationMs ? [lasting(durationMs)] : []),
    ...(durationPerTransferMs ? [`${lasting(durationPerTransferMs)} per transfer`] : []),
    ...asked.map(([name]) => code(name)),
  ].join(' + ');
}

function operationTable(): string {
  const rows = unitOperations.map((operation) => [
    code(operation.id),
    code(operation.capability),
    Object.entries(operation.roles)
      .map(([role, at]) => `${code(role)}${at === 'anywhere' ? ' (fetched by the job)' : ''}`)
      .join(', '),
    Object.entries(operation.parameters)
      .map(([name, { type, required, description }]) => `${code(name)}${required ? '' : '?'} ${type}: ${description}`)
      .join('; ') || '–',
    labTime(operation),
    `${operation.repeatableWithinMs ? lasting(operation.repeatableWithinMs) : 'never'}${isKinetic(operation, { for: '' }) ? '; kinetic: never' : ''}`,
  ]);
  return table(['operation', 'capability', 'labware roles', 'parameters', 'lab time', 'repeatable within'], rows);
}

const inputText = ([name, { type, required, of, oneOf }]: [string, PlannerInput]): string =>
  `${code(name)}${required ? '' : '?'}: ${of ? `a step of ${of.join(', ')}` : (oneOf?.join(' or ') ?? type)}`;

function plannerTable(): string {
  const rows = planners.map(({ id, stage, description, inputs, makes, worklists, values, verdicts }) => [
    code(id),
    stage,
    description,
    orDash(Object.entries(inputs).map(inputText).join('; ')),
    orDash(codes(makes)),
    orDash(codes(Object.keys(worklists))),
    orDash([...values, ...Object.entries(verdicts).map(([name, of]) => `${name} (${of.join(', ')})`)].map(code).join(', ')), // prettier-ignore
  ]);
  return table(['planner', 'stage', 'what it plans', 'inputs', 'makes', 'worklists', 'values and verdicts'], rows);
}
