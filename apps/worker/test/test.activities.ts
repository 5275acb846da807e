import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import type { TestActivities as Contract, Tested } from '../../../workflows/test/test.activities';
import { closeTest } from './close-test';

/** The Test stage's science; its protocol and planners come from the Build activities. */
@Injectable()
export class TestActivities implements Contract {
  constructor(private readonly pool: Pool) {}

  closeTest(round: Parameters<Contract['closeTest']>[0]): Promise<Tested> {
    return closeTest(this.pool, round);
  }
}
