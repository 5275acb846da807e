import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';

const time = /^([01]\d|2[0-3]):[0-5]\d$|^24:00$/;
const timeMessage = '$property must be a time like 08:30, or 24:00';

/** Open on a day of every week. */
export class WeeklyHoursEntry {
  /** 1 = Monday … 7 = Sunday. */
  @IsInt()
  @Min(1)
  @Max(7)
  weekday: number;

  @Matches(time, { message: timeMessage })
  opens: string;

  @Matches(time, { message: timeMessage })
  closes: string;
}

/** What holds on one date instead; closed all day without times. */
export class DayHoursEntry {
  @Matches(/^\d{4}-\d{2}-\d{2}$/, { message: '$property must be a date like 2026-12-24' })
  day: string;

  @IsOptional()
  @Matches(time, { message: timeMessage })
  opens?: string;

  @IsOptional()
  @Matches(time, { message: timeMessage })
  closes?: string;
}

/** When a device may work. Nothing at all: always. */
export class DeviceHoursRequest {
  @IsArray()
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @Type(() => WeeklyHoursEntry)
  weekly: WeeklyHoursEntry[];

  @IsArray()
  @ArrayMaxSize(1_000)
  @ValidateNested({ each: true })
  @Type(() => DayHoursEntry)
  exceptions: DayHoursEntry[];
}

/** When the people of a site are there. Nothing at all: nobody asks. */
export class SiteHoursRequest extends DeviceHoursRequest {
  /** Name of the time zone of all hours of the site: `Europe/Berlin`. */
  @IsOptional()
  @IsString()
  @Length(1, 64)
  timeZone?: string;
}

/** Hours as they stand. */
export class HoursAnswer {
  timeZone: string;
  weekly: WeeklyHoursEntry[];
  exceptions: DayHoursEntry[];
}
