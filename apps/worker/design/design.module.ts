import { Module } from '@nestjs/common';
import { LearnModule } from '../learn/learn.module';
import { DesignActivities } from './design.activities';

/** Design: which constructs a round builds. */
@Module({ imports: [LearnModule], providers: [DesignActivities], exports: [DesignActivities] })
export class DesignModule {}
