import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import type { DesignActivities as Contract, Designed } from '../../../workflows/design/design.activities';
import { Science } from '../learn/science';
import { chooseDesigns } from './choose-designs';

/** The Design stage's science, as its workflow asks for it. */
@Injectable()
export class DesignActivities implements Contract {
  constructor(
    private readonly pool: Pool,
    private readonly science: Science,
  ) {}

  chooseDesigns(round: Parameters<Contract['chooseDesigns']>[0]): Promise<Designed> {
    return chooseDesigns(this.pool, this.science, round);
  }
}
