import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  Equals,
  IsArray,
  IsDefined,
  IsIn,
  IsInt,
  IsISO8601,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import type { OrdinalRanges } from '../../../libs/device/job';
import { IsOrdinalRanges } from './ordinal-ranges';
import { IsVolumesByOrdinal } from './volumes-by-ordinal';

const rangesSchema = {
  type: 'array',
  items: { type: 'array', items: { type: 'integer' }, minItems: 2, maxItems: 2 },
} as const;

/** Versions of the device protocol this api speaks. */
const protocolVersions = [1];

/** A device asks for work. */
export class LeaseRequest {
  /** How long to wait for a job, ms. */
  @IsInt()
  @Min(0)
  @Max(25_000)
  waitMs: number;

  /** Version of this protocol. */
  @IsIn(protocolVersions, {
    message: `this api speaks version ${protocolVersions.join(', ')} of the device protocol`,
  })
  protocolVersion: number;
}

/** The fencing token of the lease a write belongs to. */
export class TokenedRequest {
  /** Decimal text of a 64-bit number. */
  @IsString()
  @Matches(/^\d{1,19}$/)
  token: string;
}

/** Asked before anything moves. */
export class StartRequest extends TokenedRequest {
  /** How long the device will be busy, in lab time, ms. */
  @IsInt()
  @Min(0)
  @Max(31_536_000_000)
  durationLabMs: number;
}

/** A sign of life. */
export class HeartbeatRequest extends TokenedRequest {
  /** What the device reports about its run; kept, and shown to people. */
  @IsOptional()
  @IsObject()
  progress?: Record<string, unknown>;
}

/** A lease is given back before its start. */
export class ReleaseRequest extends TokenedRequest {
  /** Why, for people. */
  @IsOptional()
  @IsString()
  @Length(1, 500)
  reason?: string;
}

/** A file the device has uploaded, or will before it repeats the outcome. */
export class FileReference {
  /** SHA-256 of the content, hex. */
  @Matches(/^[0-9a-f]{64}$/)
  sha256: string;

  @IsInt()
  @Min(0)
  bytes: number;

  @IsString()
  @Length(1, 255)
  name: string;

  @IsString()
  @Length(1, 100)
  mediaType: string;
}

/** Which transfers surely happened, and which may have. All others did not. */
export class TransferReport {
  @ApiProperty(rangesSchema)
  @IsOrdinalRanges()
  done: OrdinalRanges;

  @ApiProperty(rangesSchema)
  @IsOrdinalRanges()
  uncertain: OrdinalRanges;

  /** Volumes the device measured, in picolitres by ordinal; the planned volume counts for all others. 0: nothing was moved. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: { type: 'integer', minimum: 0 } })
  @IsOptional()
  @IsVolumesByOrdinal()
  actualPl?: Record<string, number>;
}

/** What went wrong. */
export class OutcomeProblem {
  @IsString()
  @Length(1, 100)
  code: string;

  @IsString()
  @Length(1, 2_000)
  message: string;
}

/** How a dispatch ended, as its device saw it. */
export class OutcomeReport {
  @Equals(1)
  version: number;

  @IsIn(['succeeded', 'failed'])
  result: 'succeeded' | 'failed';

  /** Required of work that moves liquid and failed: without it every planned transfer counts as uncertain. */
  @IsOptional()
  @ValidateNested()
  @Type(() => TransferReport)
  transfers?: TransferReport;

  /** Small facts of the operation: colonies per region, scanned barcodes. */
  @IsOptional()
  @IsObject()
  facts?: Record<string, unknown>;

  @IsArray()
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @Type(() => FileReference)
  files: FileReference[];

  @IsOptional()
  @ValidateNested()
  @Type(() => OutcomeProblem)
  problem?: OutcomeProblem;

  /** Lab time, ISO. */
  @IsOptional()
  @IsISO8601()
  labStartedAt?: string;

  /** Lab time, ISO. */
  @IsOptional()
  @IsISO8601()
  labEndedAt?: string;
}

/** A device reports how a dispatch ended. */
export class OutcomeRequest extends TokenedRequest {
  @IsDefined()
  @ValidateNested()
  @Type(() => OutcomeReport)
  outcome: OutcomeReport;
}

/** Size of the whole file a chunk belongs to. */
export class ChunkQuery {
  @Type(() => Number)
  @IsInt()
  @Min(1)
  bytes: number;
}

/** A labware the job needs. */
export class LeasedLabware {
  role: string;
  labwareId: string;
  barcode: string;
  kind: string;
  /** `device`: stands on the device; `anywhere`: the job itself goes and gets it. */
  at: 'device' | 'anywhere';
  /** How it is closed. */
  seal?: 'none' | 'foil' | 'breathable';
  /** Whether its lid is on. */
  lid?: boolean;
  /** 1-based position on the deck, where one is known; of a move, the one to put it on. */
  position?: number;
}

/** Tips the job takes from one rack on the deck. */
export class LeasedTipsAnswer {
  kind: string;
  /** Barcode of the rack. */
  rack: string;
  count: number;
  position?: number;
}

/** What success does to a labware, beside liquid. */
export class LeasedEffect {
  role: string;
  seal?: 'none' | 'foil' | 'breathable';
  lid?: boolean;
  toPlace?: string;
}

/** What is asked of the device. */
export class LeasedSpec {
  version: number;
  operation: string;
  capability: string;
  parameters: Record<string, unknown>;
  labware: LeasedLabware[];
  /** Expected duration in lab time. */
  durationMs: number;
  /** Doing it twice harms nothing within this lab time. */
  repeatableWithinMs?: number;
  attended: boolean;
  effects: LeasedEffect[];
  summary: string;
}

/** A job a device has the right to do. */
export class LeasedJobAnswer {
  protocolVersion: number;
  dispatchId: string;
  jobId: string;
  stepKey: string;
  attempt: number;
  /** Decimal text of a 64-bit number that grows with every grant at this installation. */
  fencingToken: string;
  leaseMs: number;
  spec: LeasedSpec;
  /** Fetch it by its hash before the start. */
  worklist?: FileReference;
  /** Racks on the deck that its tips are reserved on, begun ones first. */
  tips?: LeasedTipsAnswer[];
  /** ISO. */
  labNow: string;
}

/** The start was accepted: move. */
export class StartedAnswer {
  labNow: string;
  untilLabTime: string;
  leaseMs: number;
}

/** The lease goes on. */
export class HeartbeatAnswer {
  leaseMs: number;
  labNow: string;
  /** `unknown`: the silence before was too long; the outcome is accepted as evidence. */
  state: 'leased' | 'started' | 'unknown';
}

/** The outcome was taken. */
export class OutcomeAnswer {
  state: 'succeeded' | 'failed';
  /** It came after the dispatch had been settled otherwise, and is kept beside that. */
  late?: boolean;
}

/** What an upload still lacks. */
export class UploadAnswer {
  bytes: number;
  /** Indices of missing chunks. */
  missing: number[];
}
