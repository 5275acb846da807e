import 'reflect-metadata';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsDefined,
  IsIn,
  IsObject,
  IsOptional,
  IsString,
  MaxLength,
  ValidateNested,
} from 'class-validator';
import { IsDuration, IsId, IsVersion, limit, saying } from './decorators';

/** Labware of a protocol, by name. */
export class LabwareVariableDocument {
  /** Name the steps and planners use, e.g. `assemblyPlate`. */
  @IsId()
  id: string;

  /** Labware kind, e.g. `pcr-96`. */
  @IsString()
  kind: string;

  /** `planned`: a planner makes its instances; `stock`: received before, found by its content role. */
  @IsOptional()
  @IsIn(['planned', 'stock'])
  from: 'planned' | 'stock' = 'planned';
}

/** A Build or Test protocol as a laboratory writes it. */
export class ProtocolDocument {
  /** Always `anneal-protocol/v1`. */
  @IsIn(['anneal-protocol/v1'], saying({ code: 'unknown-schema' }))
  schema: string;

  /** Name, unique with the version. */
  @IsId()
  id: string;

  /** A changed protocol needs another version. */
  @IsVersion()
  version: string;

  /** Stage it serves. */
  @IsIn(['build', 'test'])
  stage: 'build' | 'test';

  /** One line for people. */
  @IsString()
  @MaxLength(200, limit)
  title: string;

  /** Labware by name. */
  @IsArray()
  @ArrayMaxSize(32, limit)
  @ValidateNested({ each: true })
  @Type(() => LabwareVariableDocument)
  labware: LabwareVariableDocument[];

  /** Steps in order: plans, unit operations, repeats and branches. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(200, limit)
  steps: Record<string, unknown>[];
}

/** Runs a named planner. */
export class PlanStepDocument {
  /** Unique among the steps that see it. */
  @IsId()
  id: string;

  /** Planner id. */
  @IsString()
  plan: string;

  /** Inputs of the planner. */
  @IsOptional()
  @IsObject()
  inputs: Record<string, unknown> = {};
}

/** Time between the end of a step and the start of the next one on the same labware. */
export class HoldDocument {
  /** At least. */
  @IsDuration()
  min: string;

  /** At most. */
  @IsDuration()
  max: string;
}

/** One unit operation for each instance of a labware. */
export class OperationStepDocument {
  /** Unique among the steps that see it. */
  @IsId()
  id: string;

  /** Unit operation id. */
  @IsString()
  operation: string;

  /** Labware whose instances run as parallel chains. */
  @IsString()
  forEach: string;

  /** Role of the unit operation → labware; roles may be left out where the worklist names them. */
  @IsOptional()
  @IsObject()
  labware: Record<string, string> = {};

  /** Parameters of the unit operation: a literal, `{ campaign: /pointer }` or `{ output: step.output }`. */
  @IsOptional()
  @IsObject()
  with: Record<string, unknown> = {};

  /** Time to wait before the next step on the same labware. */
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => HoldDocument)
  hold?: HoldDocument;

  /** Time after the step before within which it may be repeated without a person's word; at most what the operation allows. */
  @IsOptional()
  @IsDuration()
  repeatWithin?: string;
}

/** Repeats steps until a verdict says `yes`. */
export class RepeatStepDocument {
  /** Unique among the steps that see it. */
  @IsId()
  id: string;

  /** Steps of one pass. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(200, limit)
  repeat: Record<string, unknown>[];

  /** `step.verdict` of a plan inside. */
  @IsString()
  until: string;

  /** Passes at most: a number from 1 to 10, or `{ campaign: /pointer }`. */
  @IsDefined(saying({ expected: 'a whole number from 1 to 10 or { campaign: /pointer }' }))
  max: unknown;
}

/** Chooses steps by a verdict. */
export class BranchStepDocument {
  /** Unique among the steps that see it. */
  @IsId()
  id: string;

  /** `step.verdict` of an earlier plan. */
  @IsString()
  verdict: string;

  /** Steps for every value the verdict can take. */
  @IsObject()
  cases: Record<string, Record<string, unknown>[]>;
}
