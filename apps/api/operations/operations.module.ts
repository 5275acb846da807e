import { Module } from '@nestjs/common';
import { ClockController } from './clock.controller';
import { DevicesController } from './devices.controller';
import { EnrolmentController } from './enrolment.controller';
import { HoursController } from './hours.controller';
import { IncidentsController } from './incidents.controller';
import { JobsController } from './jobs.controller';
import { LabwareController } from './labware.controller';
import { LoadingController } from './loading.controller';
import { ResolutionsController } from './resolutions.controller';

/** What the ops team sees and decides: devices, queue, labware, incidents, the clock. */
@Module({
  controllers: [
    DevicesController,
    HoursController,
    EnrolmentController,
    LabwareController,
    LoadingController,
    JobsController,
    IncidentsController,
    ResolutionsController,
    ClockController,
  ],
})
export class OperationsModule {}
