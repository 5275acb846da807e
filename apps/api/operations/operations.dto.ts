import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsISO8601,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Matches,
  Max,
  Min,
} from 'class-validator';
import { jobActions } from '../../../db/lab/incidents';
import type { JobAction } from '../../../db/lab/incidents';
import { capabilities } from '../../../libs/device/job';
import type { OrdinalRanges } from '../../../libs/device/job';
import { dispatchStates } from '../../../libs/device/transitions';
import type { DispatchState } from '../../../libs/device/transitions';
import { IsOrdinalRanges } from '../device-work/ordinal-ranges';

const code = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const codeMessage = 'must be letters, digits, dots, dashes or underscores, at most 64';
const ranges = {
  type: 'array',
  items: { type: 'array', items: { type: 'integer' }, minItems: 2, maxItems: 2 },
} as const;
const clearable = ['deck', 'tips', 'door', 'self-test'] as const;
const deviceStates = ['in-service', 'draining', 'quarantined', 'out-of-service'] as const;

/** A device as the lab announces it. */
export class DescribeDeviceRequest {
  @IsString()
  @Length(1, 200)
  name: string;

  /** What it is: `plate-reader`, `liquid-handler`; `person` for someone at the bench. */
  @Matches(code, { message: `$property ${codeMessage}` })
  kind: string;

  @IsArray()
  @ArrayMinSize(1)
  @IsIn(capabilities, { each: true })
  capabilities: string[];

  /** Where labware must stand for it to work with it. */
  @IsOptional()
  @Matches(code, { message: `$property ${codeMessage}` })
  placeCode?: string;

  @IsBoolean()
  simulated: boolean;
}

/** A decision about whether a device gets work. */
export class DeviceStateRequest {
  @IsIn(deviceStates)
  state: (typeof deviceStates)[number];

  /** Why; kept with the name of who decided. */
  @IsString()
  @Length(1, 2_000)
  reason: string;

  /** What the person has cleared, for a device that is held for it. */
  @IsOptional()
  @IsIn(clearable, { each: true })
  cleared?: (typeof clearable)[number][];
}

/** What the device itself says of its being free. */
export class DeviceConditionRequest {
  @IsIn(['ready', 'busy-foreign'])
  condition: 'ready' | 'busy-foreign';

  /** What it is busy with, for people. */
  @IsOptional()
  @IsString()
  @Length(1, 500)
  message?: string;
}

/** A device with its state. */
export class DeviceAnswer {
  code: string;
  name: string;
  kind: string;
  capabilities: string[];
  placeCode?: string;
  simulated: boolean;
  state: (typeof deviceStates)[number];
  stateReason?: string;
  /** What ends its quarantine. */
  hold?: 'until-cleared' | 'after-self-test';
  /** What a person must name as cleared to end it. */
  toClear?: string[];
  /** `busy-foreign`: someone works with it beside Anneal, as it says itself. */
  condition: 'ready' | 'busy-foreign';
  /** Why it gets no work at this moment. */
  noWorkBecause?: string;
  /** ISO. */
  lastSeenAt?: string;
  /** Step key of what it has leased or started. */
  workingOn?: string;
}

/** Devices by code. */
export class DeviceListAnswer {
  items: DeviceAnswer[];
}

/** Which jobs to list. */
export class JobsQuery {
  @IsOptional()
  @IsIn(dispatchStates)
  state?: DispatchState;

  /** Slug of a campaign. */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  campaign?: string;

  /** `next` of the page before. */
  @IsOptional()
  @IsUUID()
  after?: string;

  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(500)
  limit?: number;
}

/** A job: its latest dispatch, where it is and why it waits. */
export class JobAnswer {
  id: string;
  campaign?: string;
  round?: number;
  stage?: string;
  stepKey: string;
  capability: string;
  summary: string;
  dispatchId: string;
  attempt: number;
  state: DispatchState;
  device?: string;
  /** Why a queued or blocked job waits. */
  waitingFor?: string;
  earliestStartAt?: string;
  dueAt?: string;
  untilLabTime?: string;
  progress?: Record<string, unknown>;
  problem?: string;
}

/** A page of jobs. */
export class JobListAnswer {
  items: JobAnswer[];
  /** Pass it as `after` for the next page. */
  next?: string;
}

/** Which incidents to list. */
export class IncidentsQuery {
  /** `all`: resolved ones too. */
  @IsOptional()
  @IsIn(['open', 'all'])
  state?: 'open' | 'all';

  /** `next` of the page before. */
  @IsOptional()
  @IsUUID()
  before?: string;

  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(500)
  limit?: number;
}

/** Something a person has to look at. */
export class IncidentAnswer {
  id: string;
  kind: string;
  subject: string;
  message: string;
  campaign?: string;
  dispatchId?: string;
  device?: string;
  /** Incidents of one cause, such as a power cut, share it: they can be answered together. */
  groupId?: string;
  openedAt: string;
  resolvedAt?: string;
  resolution?: string;
}

/** A page of incidents, newest first. */
export class IncidentListAnswer {
  items: IncidentAnswer[];
  /** Pass it as `before` for the next page. */
  next?: string;
}

/** A named person closes an incident. */
export class ResolveIncidentRequest {
  /** What is to be done about a failed job; required for `job-failed`, refused for anything else. */
  @IsOptional()
  @IsIn(jobActions)
  action?: JobAction;

  /** What was found and done. */
  @IsString()
  @Length(1, 2_000)
  resolution: string;
}

/** A named person says what became of a dispatch whose outcome is unknown. */
export class ResolutionRequest {
  @IsIn(['happened', 'did-not', 'partly'])
  verdict: 'happened' | 'did-not' | 'partly';

  /** `partly`: transfers that surely happened. */
  @ApiProperty(ranges)
  @IsOptional()
  @IsOrdinalRanges()
  done?: OrdinalRanges;

  /** `partly`: transfers that may have happened; their wells are void. */
  @ApiProperty(ranges)
  @IsOptional()
  @IsOrdinalRanges()
  uncertain?: OrdinalRanges;

  /** How it is known. */
  @IsString()
  @Length(1, 2_000)
  reason: string;
}

/** How the dispatch stands after the resolution. */
export class ResolutionAnswer {
  state: 'succeeded' | 'failed';
}

/** Moves a virtual clock: a compare-and-set on its revision. */
export class AdvanceClockRequest {
  /** Lab time to move to, ISO; at most `nextAt`. */
  @IsISO8601({ strict: true })
  to: string;

  @IsInt()
  @Min(0)
  revision: number;
}

/** Sets a site's clock before it has campaigns. */
export class SetClockRequest {
  @IsIn(['wall', 'virtual'])
  mode: 'wall' | 'virtual';

  /** Lab time to begin at, ISO; a virtual clock needs it. */
  @IsOptional()
  @IsISO8601({ strict: true })
  now?: string;
}

/** A site's clock. */
export class ClockAnswer {
  /** Lab time, ISO. */
  now: string;
  mode: 'wall' | 'virtual';
  revision: number;
  /** Whether nothing is under way that lab time could overtake. */
  quiet: boolean;
  /** The next moment at which something happens by itself, ISO; null when nothing is to come. */
  @ApiProperty({ type: String, nullable: true })
  nextAt: string | null;
  /** What is under way, at most 20 of it. */
  @ApiProperty({ type: [String] })
  blockedBy: readonly string[];
}
