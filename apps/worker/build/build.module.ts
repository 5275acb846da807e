import { Module } from '@nestjs/common';
import { BuildActivities } from './build.activities';

/** Build: protocols, planners and what became of each design. */
@Module({ providers: [BuildActivities], exports: [BuildActivities] })
export class BuildModule {}
