import { Module } from '@nestjs/common';
import { LearnActivities } from './learn.activities';
import { Science } from './science';
import { ThreadedScience } from './threaded-science';

/** Learn: what a round taught, computed in threads of their own. */
@Module({
  providers: [LearnActivities, { provide: Science, useClass: ThreadedScience }],
  exports: [LearnActivities, Science],
})
export class LearnModule {}
