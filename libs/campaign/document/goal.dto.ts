import 'reflect-metadata';
import { Type } from 'class-transformer';
import {
  IsIn,
  IsInt,
  IsNumber,
  IsObject,
  IsOptional,
  IsPositive,
  IsString,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { IsCalendarDate, limit } from '../../protocol/document/decorators';

/** What better means for one readout. */
export class ObjectiveDocument {
  /** Readout id. */
  @IsString()
  readout: string;

  /** Direction. */
  @IsIn(['maximise', 'minimise', 'target'])
  goal: 'maximise' | 'minimise' | 'target';

  /** Target: the value wanted, in the readout's unit. */
  @IsOptional()
  @IsNumber()
  value?: number;

  /** Target: distance at which a value is no longer any good. */
  @IsOptional()
  @IsNumber()
  @IsPositive()
  tolerance?: number;

  /** Several objectives: the worst value that counts (maximise), the best (minimise). */
  @IsOptional()
  @IsNumber()
  low?: number;

  /** Several objectives: the value that is good enough (maximise), the worst that counts (minimise). */
  @IsOptional()
  @IsNumber()
  high?: number;

  /** Weight among the objectives. */
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(1000)
  weight: number = 1;
}

/** What the campaign may cost. */
export class BudgetDocument {
  /** Rounds at most, the confirming round besides. */
  @IsInt()
  @Min(1)
  @Max(50, limit)
  maxRounds: number;

  /** Designs built in each round. */
  @IsInt()
  @Min(1)
  @Max(384, limit)
  constructsPerRound: number;

  /** Best constructs that are measured again at the end; 0 for none. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(96, limit)
  confirmTop: number = 6;

  /** Currency of the amounts. */
  @IsOptional()
  @IsIn(['GBP', 'EUR', 'USD', 'CHF', 'JPY', 'CNY', 'SEK', 'DKK'])
  currency: string = 'GBP';

  /** Money at most, in whole units of the currency (not pence). */
  @IsOptional()
  @IsNumber({ maxDecimalPlaces: 2 })
  @Min(0)
  @Max(1e9, limit)
  max?: number;

  /** Money for one construct, built and measured. */
  @IsOptional()
  @IsNumber({ maxDecimalPlaces: 2 })
  @Min(0)
  @Max(1e6, limit)
  perConstruct?: number;

  /** Last day of the campaign. */
  @IsOptional()
  @IsCalendarDate()
  deadline?: string;
}

/** How the first round is chosen. */
export class FirstSelectionDocument {
  /** `maximin`: spread over the library; `random`: drawn. */
  @IsOptional()
  @IsIn(['maximin', 'random'])
  strategy: 'maximin' | 'random' = 'maximin';
}

/** How later rounds are chosen. */
export class LaterSelectionDocument {
  /** `bayesian`: by what was learned; `random`: the baseline. */
  @IsOptional()
  @IsIn(['bayesian', 'random'])
  strategy: 'bayesian' | 'random' = 'bayesian';

  /** Bayesian: how exploring and exploiting are balanced. */
  @IsOptional()
  @IsIn(['auto', 'thompson', 'greedy'])
  acquisition: 'auto' | 'thompson' | 'greedy' = 'auto';
}

/** How designs are chosen. */
export class SelectionDocument {
  /** The first round. */
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => FirstSelectionDocument)
  first: FirstSelectionDocument = new FirstSelectionDocument();

  /** Every later round. */
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => LaterSelectionDocument)
  later: LaterSelectionDocument = new LaterSelectionDocument();
}

/** When to stop before the rounds are used up. Each kind has keys of its own. */
export class StopRuleDocument {
  /** Which rule. */
  @IsIn(['objective-met', 'plateau', 'budget-exhausted', 'build-success-below'])
  kind: 'objective-met' | 'plateau' | 'budget-exhausted' | 'build-success-below';

  /** `objective-met`: the score to reach. */
  @IsOptional()
  @IsNumber()
  score?: number;

  /** `plateau`: over how many rounds. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(50, limit)
  rounds?: number;

  /** `plateau`: the least gain in score that goes on. */
  @IsOptional()
  @IsNumber()
  @Min(0)
  minGain?: number;

  /** `build-success-below`: share of the designs, above 0 and below 1. */
  @IsOptional()
  @IsNumber()
  @Min(0.01)
  @Max(1)
  fraction?: number;
}
