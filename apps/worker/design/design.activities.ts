import { Injectable, Optional } from '@nestjs/common';
import { Pool } from 'pg';
import type { DesignActivities as Contract, Designed } from '../../../workflows/design/design.activities';
import { Science } from '../learn/science';
import { ThreadedScience } from '../learn/threaded-science';
import { chooseDesigns } from './choose-designs';

/** The Design stage's science, as its workflow asks for it; long computations run in a thread unless told otherwise. */
@Injectable()
export class DesignActivities implements Contract {
  constructor(
    private readonly pool: Pool,
    @Optional() private readonly science: Science = new ThreadedScience(),
  ) {}

  chooseDesigns(round: Parameters<Contract['chooseDesigns']>[0]): Promise<Designed> {
    return chooseDesigns(this.pool, this.science, round);
  }
}
