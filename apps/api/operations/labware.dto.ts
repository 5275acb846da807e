import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsISO8601,
  IsNumber,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Matches,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { placeKinds } from '../../../db/lab/places';
import type { SampleKind } from '../../../libs/device/job';

const code = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const codeMessage = 'must be letters, digits, dots, dashes or underscores, at most 64';
const sampleKinds: readonly SampleKind[] = [
  'part',
  'reagent',
  'assembly-reaction',
  'transformation',
  'colony-region',
  'culture',
  'miniprep',
  'glycerol-stock',
  'starter-culture',
  'assay-culture',
  'od-sample',
];

/** A place as the lab describes it. */
export class PutPlaceRequest {
  @IsIn(placeKinds)
  kind: (typeof placeKinds)[number];

  /** How many labware fit. */
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  capacity: number;

  @IsOptional()
  @IsNumber()
  @Min(-200)
  @Max(200)
  temperatureC?: number;
}

/** A place with how full it is. */
export class PlaceAnswer {
  code: string;
  kind: (typeof placeKinds)[number];
  capacity: number;
  temperatureC?: number;
  occupied: number;
}

/** Places by code. */
export class PlaceListAnswer {
  items: PlaceAnswer[];
}

/** A well of labware that arrives filled. */
export class ReceiveWell {
  /** Unpadded: `A1`. */
  @Matches(/^[A-Z]{1,2}[1-9]\d?$/)
  well: string;

  @IsIn(sampleKinds)
  kind: SampleKind;

  /** Code people know it by: a part id, a reagent's name. */
  @IsString()
  @Length(1, 200)
  code: string;

  @IsNumber()
  @Min(0)
  @Max(1_000_000)
  volumeUl: number;

  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(1_000_000)
  concentrationNgPerUl?: number;

  /** The construct it carries, when that is registered. */
  @IsOptional()
  @IsUUID()
  constructId?: string;

  /** Or the sequence of the plasmid it carries. */
  @IsOptional()
  @Matches(/^[ACGTacgt]{1,200000}$/)
  sequence?: string;
}

/** A delivery of a material; the same code again must be the same material. Times are lab time. */
export class ReceiveLot {
  @Matches(code, { message: `$property ${codeMessage}` })
  code: string;

  /** What it is, for people: `T4 ligase`. */
  @IsString()
  @Length(1, 200)
  material: string;

  /** Absent: now. */
  @IsOptional()
  @IsISO8601()
  receivedAt?: string;

  @IsOptional()
  @IsISO8601()
  expiresAt?: string;

  /** Days an opened container may be used. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(36_500)
  openedLifeDays?: number;

  /** How often a container may be thawed. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(1_000)
  maxThaws?: number;
}

/** Labware that arrives from outside. */
export class ReceiveLabwareRequest {
  @Matches(/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/)
  barcode: string;

  @Matches(code, { message: `$property ${codeMessage}` })
  kind: string;

  @Matches(code, { message: `$property ${codeMessage}` })
  placeCode: string;

  /** What stock it is: `parts`, `reagents`, `cells`, `medium`, `controls`. */
  @IsOptional()
  @Matches(code, { message: `$property ${codeMessage}` })
  contentRole?: string;

  @IsOptional()
  @IsIn(['none', 'foil', 'breathable'])
  seal?: 'none' | 'foil' | 'breathable';

  @IsOptional()
  @IsBoolean()
  lid?: boolean;

  /** Position on a deck, when it is put there. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000)
  position?: number;

  /** The delivery it is of. */
  @IsOptional()
  @ValidateNested()
  @Type(() => ReceiveLot)
  lot?: ReceiveLot;

  @IsArray()
  @ArrayMaxSize(1_536)
  @ValidateNested({ each: true })
  @Type(() => ReceiveWell)
  wells: ReceiveWell[];
}

/** The labware was registered. */
export class ReceivedAnswer {
  labwareId: string;
  barcode: string;
}

/** A well: what it holds, between which volumes, and how much of that is spoken for. */
export class WellAnswer {
  well: string;
  sampleId?: string;
  kind?: string;
  code?: string;
  constructId?: string;
  verdicts: string[];
  lowUl: number;
  highUl: number;
  reservedUl: number;
}

/** A labware with what is in it. */
export class LabwareAnswer {
  id: string;
  barcode: string;
  kind: string;
  contentRole?: string;
  placeCode: string;
  /** 1-based position on a deck. */
  position?: number;
  seal: 'none' | 'foil' | 'breathable';
  lid: boolean;
  /** Why nobody can be sure that it stands there; absent when a scan or a person said so. */
  unconfirmed?: string;
  confirmedAt?: string;
  confirmedHow?: 'scan' | 'person';
  /** Code of its lot. */
  lot?: string;
  /** Why its lot must not be used; absent when it is in date. */
  lotProblem?: string;
  openedAt?: string;
  thawCount: number;
  /** Racks of tips: how many are left at least. */
  tipsLeft?: number;
  held: boolean;
  heldReason?: string;
  readyAt?: string;
  dueAt?: string;
  wells: WellAnswer[];
}

/** Where a person saw a labware, and how it is closed. */
export class PlacementRequest {
  @Matches(code, { message: `$property ${codeMessage}` })
  placeCode: string;

  /** Position on a deck; the lowest free one when absent. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000)
  position?: number;

  @IsOptional()
  @IsIn(['none', 'foil', 'breathable'])
  seal?: 'none' | 'foil' | 'breathable';

  @IsOptional()
  @IsBoolean()
  lid?: boolean;

  @IsString()
  @Length(1, 2_000)
  reason: string;
}

/** What is changed of a lot; what is absent stays. */
export class ChangeLotRequest {
  @IsOptional()
  @IsISO8601()
  expiresAt?: string;

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(36_500)
  openedLifeDays?: number;

  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(1_000)
  maxThaws?: number;

  @IsString()
  @Length(1, 2_000)
  reason: string;
}

/** A container of a lot. */
export class LotContainerAnswer {
  barcode: string;
  placeCode: string;
  openedAt?: string;
  thawCount: number;
  /** Why it must not be used; absent when it is in date. */
  problem?: string;
}

/** A lot with its containers. */
export class LotAnswer {
  code: string;
  material: string;
  receivedAt: string;
  expiresAt?: string;
  openedLifeDays?: number;
  maxThaws?: number;
  containers: LotContainerAnswer[];
  /** How many dispatches were bound to it. */
  dispatches: number;
}

/** Lots by code. */
export class LotListAnswer {
  items: LotAnswer[];
}
