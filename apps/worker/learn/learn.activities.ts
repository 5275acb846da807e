import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import type { LearnActivities as Contract, LearnResult } from '../../../workflows/learn/learn.activities';
import { learnRound } from './learn-round';
import { Science } from './science';

/** The Learn stage's science, as its workflow asks for it. */
@Injectable()
export class LearnActivities implements Contract {
  constructor(
    private readonly pool: Pool,
    private readonly science: Science,
  ) {}

  learnRound(round: Parameters<Contract['learnRound']>[0]): Promise<LearnResult> {
    return learnRound(this.pool, this.science, round);
  }
}
