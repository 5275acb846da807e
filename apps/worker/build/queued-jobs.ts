import type { Pool } from 'pg';
import type { QueuedJob } from '../../../db/device-work/enqueue';
import { putFile } from '../../../db/device-work/files';
import { inTransaction } from '../../../db/transaction';
import type { LabwareName } from '../../../db/science/labware';
import { labwareById, labwareOfRole } from '../../../db/science/labware';
import { storedResults } from '../../../db/science/step-results';
import { picklistMediaType, toPicklistRows, writePicklist } from '../../../libs/build/picklist';
import type { JobLabware, JobSpec, PlannedTransfer } from '../../../libs/device/job';
import { DomainError } from '../../../libs/errors/domain-error';
import { tipsFor } from '../../../libs/labware/tips';
import type { PlannedWorklist, PlanResult } from '../../../libs/protocol/protocol';
import type { UnitOperation } from '../../../libs/protocol/unit-operations';
import { findUnitOperation, repeatWindowMs } from '../../../libs/protocol/unit-operations';
import type { OperationRun, StageRef } from '../../../workflows/device-work/device-work.activities';
import { resolveEffects, resolveParameters, runDurationMs } from './operation-parameters';
import type { PlansInScope } from './plans-in-scope';
import { plansInScope } from './plans-in-scope';

/** Operations to be queued for a stage. */
export interface OperationsToQueue extends StageRef {
  readonly operations: readonly OperationRun[];
}

/**
 * Jobs of operations: one unit operation on one labware instance each, with parameters resolved, labware found, the worklist
 * stored as a file, expected duration and effects.
 * @throws DomainError `protocol-invalid` when an operation points to what no earlier plan gave.
 */
export async function buildQueuedJobs(pool: Pool, request: OperationsToQueue): Promise<QueuedJob[]> {
  const stepKeys = [...new Set(request.operations.flatMap(({ priorStepKeys }) => Object.values(priorStepKeys)))];
  const results = await storedResults<PlanResult>(pool, { ...request, stepKeys });
  const drafts = request.operations.map((run) => draft(run, plansInScope(run, results)));
  const names = await namesOf(pool, request.tenantId, drafts);
  const stock = await stockLabware(pool, request, drafts);
  const jobs: QueuedJob[] = [];
  for (const item of drafts) jobs.push(await toJob(pool, request.tenantId, item, names, stock));
  return jobs;
}

/** An operation with what the plans before it say. */
interface Draft {
  readonly run: OperationRun;
  readonly operation: UnitOperation;
  readonly plans: PlansInScope;
  readonly worklist?: PlannedWorklist;
}

function draft(run: OperationRun, plans: PlansInScope): Draft {
  const operation = findUnitOperation(run.step.operation);
  if (!operation) throw new DomainError('protocol-invalid', `There is no unit operation "${run.step.operation}".`);
  const parameter = Object.entries(operation.parameters).find(([, { type }]) => type === 'worklist');
  if (!parameter) return { run, operation, plans };
  return { run, operation, plans, worklist: plans.worklist(run.step.with[parameter[0]], run.labwareKey) };
}

type Names = ReadonlyMap<string, LabwareName>;

/** Barcodes and kinds of all labware the drafts touch: planned ones by their plans, stock from the facts. */
async function namesOf(pool: Pool, tenantId: string, drafts: readonly Draft[]): Promise<Names> {
  const names = new Map<string, LabwareName>();
  for (const { plans } of drafts) for (const item of plans.everyLabware()) names.set(item.labwareId, item);
  const touched = drafts.flatMap(({ worklist }) => worklistLabware(worklist?.transfers ?? []));
  const unknown = [...new Set(touched)].filter((id) => !names.has(id));
  for (const item of await labwareById(pool, tenantId, unknown)) names.set(item.labwareId, item);
  return names;
}

const worklistLabware = (transfers: readonly PlannedTransfer[]): string[] => [
  ...new Set(transfers.flatMap(({ fromLabwareId, toLabwareId }) => [fromLabwareId, toLabwareId])),
];

/** Labware of content roles that operations name without a plan, by variable. */
async function stockLabware(
  pool: Pool,
  site: StageRef,
  drafts: readonly Draft[],
): Promise<ReadonlyMap<string, readonly LabwareName[]>> {
  const variables = drafts.flatMap(({ run, plans }) =>
    [...Object.values(run.step.labware), run.step.forEach].filter((variable) => plans.instances(variable).length === 0),
  );
  const found = new Map<string, readonly LabwareName[]>();
  for (const variable of new Set(variables)) found.set(variable, await labwareOfRole(pool, site, variable));
  return found;
}

async function toJob(
  pool: Pool,
  tenantId: string,
  { run, operation, plans, worklist }: Draft,
  names: Names,
  stock: ReadonlyMap<string, readonly LabwareName[]>,
): Promise<QueuedJob> {
  const transfers = worklist?.transfers ?? [];
  const nameOf = (id: string): LabwareName => found(names.get(id), `labware ${id}`);
  const labware = jobLabware(run, operation, plans, transfers, nameOf, stock);
  const parameters = resolveParameters(run, operation, plans);
  const repeatableWithinMs = repeatWindowMs(operation, parameters, run.step.repeatWithinMs);
  const spec: JobSpec = {
    version: 1,
    operation: operation.id,
    capability: operation.capability,
    parameters,
    labware: labware.map((item) => ({ ...item, ...closureFor(operation) })),
    ...tipsOf(operation, transfers),
    durationMs: runDurationMs(operation, parameters, transfers.length),
    ...(repeatableWithinMs === undefined ? {} : { repeatableWithinMs }),
    attended: operation.attended,
    effects: resolveEffects(operation, parameters),
    products: worklist?.products ?? [],
    summary: summaryOf(operation, labware, transfers.length),
  };
  const file = worklist && (await storeWorklist(pool, tenantId, run.stepKey, transfers, nameOf));
  return {
    stepKey: run.stepKey,
    spec,
    ...(file ? { worklist: { sha256: file, transfers } } : {}),
    needs: run.needs,
    ...(run.step.hold ? { hold: run.step.hold } : {}),
    tellsSuccess: run.tellsSuccess,
  };
}

/** How labware must be closed for an operation: liquid moves in and out of open wells only, light passes anything but foil. */
function closureFor({ capability }: UnitOperation): Pick<JobLabware, 'seal' | 'lid'> {
  if (['transfer-liquid', 'pick-colonies', 'purify-dna'].includes(capability)) return { seal: 'none', lid: false };
  return capability === 'read-plate' ? { seal: 'no-foil', lid: false } : {};
}

/** Tips a liquid handler uses for a worklist; other devices have pins, needles or none. */
function tipsOf({ capability }: UnitOperation, transfers: readonly PlannedTransfer[]): Pick<JobSpec, 'tips'> {
  const tips = capability === 'transfer-liquid' ? tipsFor(transfers) : [];
  return tips.length === 0 ? {} : { tips };
}

/** Stores transfers as a worklist file. @returns its SHA-256 (hex) */
export async function storeWorklist(
  pool: Pool,
  tenantId: string,
  stepKey: string,
  transfers: readonly PlannedTransfer[],
  nameOf: (labwareId: string) => LabwareName,
): Promise<string> {
  const text = writePicklist(toPicklistRows(transfers, nameOf));
  const name = `${stepKey.replaceAll('/', '_')}.csv`;
  const content = Buffer.from(text, 'utf8');
  const file = { tenantId, name, mediaType: picklistMediaType, content };
  // A file without its chunks would be taken for stored for ever.
  return (await inTransaction(pool, (client) => putFile(client, file))).sha256;
}

/** Labware of the roles, then whatever else the worklist takes from or gives to. */
function jobLabware(
  run: OperationRun,
  operation: UnitOperation,
  plans: PlansInScope,
  transfers: readonly PlannedTransfer[],
  nameOf: (id: string) => LabwareName,
  stock: ReadonlyMap<string, readonly LabwareName[]>,
): JobLabware[] {
  const touched = worklistLabware(transfers);
  const entries = new Map<string, JobLabware>();
  const add = (item: LabwareName, role: string): void => {
    if (entries.has(item.labwareId)) return;
    const { labwareId, barcode, kind } = item;
    entries.set(labwareId, { role, labwareId, barcode, kind, at: operation.roles[role] ?? 'device' });
  };
  for (const [role, variable] of Object.entries(run.step.labware)) {
    for (const item of roleInstances(run, plans, variable, touched, stock)) add(item, role);
  }
  for (const { toLabwareId } of transfers) add(nameOf(toLabwareId), 'destination');
  for (const { fromLabwareId } of transfers) add(nameOf(fromLabwareId), 'source');
  if (entries.size === 0) throw new DomainError('protocol-invalid', `${run.stepKey}: there is no labware to work on.`);
  return [...entries.values()];
}

/** The instance the operation runs for; of another variable, those the worklist touches, else the one of the same number. */
function roleInstances(
  run: OperationRun,
  plans: PlansInScope,
  variable: string,
  touched: readonly string[],
  stock: ReadonlyMap<string, readonly LabwareName[]>,
): readonly LabwareName[] {
  const instances = plans.instances(variable);
  if (instances.length === 0) {
    const received = (stock.get(variable) ?? []).filter(({ labwareId }) => touched.length === 0 || touched.includes(labwareId)); // prettier-ignore
    return received;
  }
  if (variable === run.step.forEach) {
    return [found(instances.find(({ key }) => key === run.labwareKey), `${variable} ${run.labwareKey}`)]; // prettier-ignore
  }
  if (touched.length > 0) return instances.filter(({ labwareId }) => touched.includes(labwareId));
  const index = plans.instances(run.step.forEach).findIndex(({ key }) => key === run.labwareKey);
  return instances.slice(Math.max(0, index), Math.max(0, index) + 1);
}

function summaryOf(operation: UnitOperation, labware: readonly JobLabware[], transfers: number): string {
  const main = labware.find(({ role }) => role === 'plate' || role === 'destination') ?? labware[0];
  return transfers > 0
    ? `${operation.id}: ${transfers} transfers into ${main?.barcode}`
    : `${operation.id} ${main?.barcode}`;
}

function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new DomainError('protocol-invalid', `There is no ${what}.`);
  return value;
}
