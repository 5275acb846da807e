import { IsIn, IsInt, IsISO8601, IsOptional, IsString, Length, Max, Min } from 'class-validator';
import { Type } from 'class-transformer';

/** A person's decision about a campaign's process. */
export class DecisionRequest {
  /** What is decided. */
  @IsIn(['pause', 'resume', 'abort', 'approve'])
  kind: 'pause' | 'resume' | 'abort' | 'approve';

  /** Gate that is approved, e.g. `next-round`. */
  @IsOptional()
  @IsString()
  @Length(1, 64)
  gate?: string;

  /** Why; kept with the name of who decided. */
  @IsString()
  @Length(1, 2000)
  reason: string;

  /** The same request id gives the same decision. */
  @IsString()
  @Length(1, 200)
  requestId: string;
}

/** Paging by cursor. */
export class PageQuery {
  /** How many at most. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(200)
  limit?: number;

  /** `next` of the page before. */
  @IsOptional()
  @IsISO8601()
  before?: string;
}

/** Form of a report. */
export class ReportQuery {
  @IsOptional()
  @IsIn(['json', 'text', 'html', 'csv', 'wells', 'genbank'])
  format?: 'json' | 'text' | 'html' | 'csv' | 'wells' | 'genbank';
}
