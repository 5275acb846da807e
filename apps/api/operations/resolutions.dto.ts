import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, IsIn, IsString, IsUUID, Length } from 'class-validator';
import { ResolutionRequest } from './operations.dto';

/** A named person says the same of several dispatches whose outcome is unknown, as after a power cut. */
export class GroupResolutionRequest extends ResolutionRequest {
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(500)
  @ArrayUnique()
  @IsUUID(undefined, { each: true })
  dispatchIds: string[];
}

/** How the dispatches stand after it. */
export class GroupResolutionAnswer {
  /** Kept in the resolution of each dispatch and in its incident. */
  groupId: string;
  /** How many dispatches. */
  settled: number;
  state: 'succeeded' | 'failed';
}

/** How a device's self-test went, as the device itself says. */
export class SelfTestReport {
  @IsIn(['passed', 'failed'])
  result: 'passed' | 'failed';

  /** What was tested, or what failed. */
  @IsString()
  @Length(1, 2_000)
  message: string;
}

/** Whether the device gets work after it. */
export class SelfTestAnswer {
  state: 'in-service' | 'draining' | 'quarantined' | 'out-of-service';
  /** What still holds it. */
  hold?: 'until-cleared' | 'after-self-test';
}
