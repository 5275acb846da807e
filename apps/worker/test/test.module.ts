import { Module } from '@nestjs/common';
import { TestActivities } from './test.activities';

/** Test: what the plates said of each design. */
@Module({ providers: [TestActivities], exports: [TestActivities] })
export class TestModule {}
