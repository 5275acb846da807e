import { IsNumber, IsOptional, IsString, Length, Max, Min } from 'class-validator';

/** A person sends an unstarted job elsewhere. */
export class RouteJobRequest {
  /** Code of a device that can do it; null leaves the choice to the system again. */
  @IsOptional()
  @IsString()
  @Length(1, 64)
  device: string | null;

  @IsString()
  @Length(1, 2_000)
  reason: string;
}

/** A person takes an unstarted job: done by hand. */
export class TakeJobRequest {
  /** Code of the device it is done at, most often a person at the bench. */
  @IsString()
  @Length(1, 64)
  device: string;
}

/** A campaign's part of what the lab can do. */
export class ShareRequest {
  /** Relative to 1 of the others. */
  @IsNumber()
  @Min(0.01)
  @Max(1_000)
  weight: number;

  @IsString()
  @Length(1, 2_000)
  reason: string;
}
