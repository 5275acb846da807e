import { Injectable, Optional } from '@nestjs/common';
import { Pool } from 'pg';
import type { LearnActivities as Contract, LearnResult } from '../../../workflows/learn/learn.activities';
import { learnRound } from './learn-round';
import { Science } from './science';
import { ThreadedScience } from './threaded-science';

/** The Learn stage's science, as its workflow asks for it; long computations run in a thread unless told otherwise. */
@Injectable()
export class LearnActivities implements Contract {
  constructor(
    private readonly pool: Pool,
    @Optional() private readonly science: Science = new ThreadedScience(),
  ) {}

  learnRound(round: Parameters<Contract['learnRound']>[0]): Promise<LearnResult> {
    return learnRound(this.pool, this.science, round);
  }
}
