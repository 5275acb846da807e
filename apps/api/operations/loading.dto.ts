import { Type } from 'class-transformer';
import { IsNumber, IsOptional, IsString, Length, Matches, Max, Min } from 'class-validator';
import type { LoadingAction } from '../../../db/lab/loading';

/** How far to look ahead. */
export class LoadingQuery {
  /** Lab time, hours; 12 when absent. */
  @IsOptional()
  @Type(() => Number)
  @IsNumber()
  @Min(0)
  @Max(720)
  hours?: number;
}

/** One thing that must be there before jobs of the coming hours can run. */
export class LoadingItemAnswer {
  action: LoadingAction;
  /** What, for people. */
  what: string;
  /** ISO lab time of the first job that needs it, at the earliest. */
  by: string;
  /** Step keys of the jobs that need it, the first twenty. */
  jobs: string[];
  jobCount: number;
}

/** What a site has to load, move and refill, the most pressing first. */
export class LoadingAnswer {
  site: string;
  /** ISO lab times. */
  from: string;
  until: string;
  items: LoadingItemAnswer[];
}

/** Liquid a person added to a well. */
export class RefillRequest {
  /** Unpadded: `A1`. */
  @Matches(/^[A-Z]{1,2}[1-9]\d?$/)
  well: string;

  @IsNumber()
  @Min(0.001)
  @Max(1_000_000)
  volumeUl: number;

  @IsString()
  @Length(1, 2_000)
  reason: string;
}
