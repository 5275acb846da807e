import { CampaignRevisionEntity } from './campaigns/campaign-revision.entity';
import { CampaignEntity } from './campaigns/campaign.entity';
import { ConstructEntity } from './campaigns/construct.entity';
import { DecisionEntity } from './campaigns/decision.entity';
import { DesignEntity } from './campaigns/design.entity';
import { ProtocolEntity } from './campaigns/protocol.entity';
import { RoundEntity } from './campaigns/round.entity';
import { StageResultEntity } from './campaigns/stage-result.entity';
import { StepResultEntity } from './campaigns/step-result.entity';
import { CampaignShareEntity } from './device-work/campaign-share.entity';
import { DispatchFileEntity } from './device-work/dispatch-file.entity';
import { DispatchTransitionEntity } from './device-work/dispatch-transition.entity';
import { DispatchEntity } from './device-work/dispatch.entity';
import { JobLabwareEntity } from './device-work/job-labware.entity';
import { JobNeedEntity } from './device-work/job-need.entity';
import { JobEntity } from './device-work/job.entity';
import { LabTimerEntity } from './device-work/lab-timer.entity';
import { OutboxEntity } from './device-work/outbox.entity';
import { PlannedSampleEntity } from './device-work/planned-sample.entity';
import { PlannedTransferEntity } from './device-work/planned-transfer.entity';
import { WorkflowArchiveEntity } from './device-work/workflow-archive.entity';
import { EventEntity } from './events/event.entity';
import { FileChunkEntity } from './files/file-chunk.entity';
import { FileEntity } from './files/file.entity';
import { UploadEntity } from './files/upload.entity';
import { DeviceEntity } from './lab/device.entity';
import { IncidentEntity } from './lab/incident.entity';
import { LabClockEntity } from './lab/lab-clock.entity';
import { LabwareEntity } from './lab/labware.entity';
import { OpeningHoursEntity } from './lab/opening-hours.entity';
import { PlaceEntity } from './lab/place.entity';
import { ConstructValueEntity } from './material/construct-value.entity';
import { LedgerEntity } from './material/ledger.entity';
import { MeasurementEntity } from './material/measurement.entity';
import { SampleParentEntity } from './material/sample-parent.entity';
import { SampleVerdictEntity } from './material/sample-verdict.entity';
import { SampleEntity } from './material/sample.entity';
import { DispatchLotEntity } from './material/dispatch-lot.entity';
import { DispatchRackEntity } from './material/dispatch-rack.entity';
import { DispatchTipEntity } from './material/dispatch-tip.entity';
import { LotEntity } from './material/lot.entity';
import { TipUseEntity } from './material/tip-use.entity';
import { WellBalanceEntity } from './material/well-balance.entity';
import { AccessTokenEntity } from './tenancy/access-token.entity';
import { EnrolmentCodeEntity } from './tenancy/enrolment-code.entity';
import { ActorEntity } from './tenancy/actor.entity';
import { IdempotencyKeyEntity } from './tenancy/idempotency-key.entity';
import { SiteEntity } from './tenancy/site.entity';
import { TenantEntity } from './tenancy/tenant.entity';

/** Every table as a class; a spec compares them with the migrated schema, column by column. */
export const entities = [
  CampaignRevisionEntity,
  CampaignEntity,
  ConstructEntity,
  DecisionEntity,
  DesignEntity,
  ProtocolEntity,
  RoundEntity,
  StageResultEntity,
  StepResultEntity,
  CampaignShareEntity,
  DispatchFileEntity,
  DispatchTransitionEntity,
  DispatchEntity,
  JobLabwareEntity,
  JobNeedEntity,
  JobEntity,
  LabTimerEntity,
  OutboxEntity,
  PlannedSampleEntity,
  PlannedTransferEntity,
  WorkflowArchiveEntity,
  EventEntity,
  FileChunkEntity,
  FileEntity,
  UploadEntity,
  DeviceEntity,
  IncidentEntity,
  LabClockEntity,
  LabwareEntity,
  OpeningHoursEntity,
  PlaceEntity,
  ConstructValueEntity,
  LedgerEntity,
  MeasurementEntity,
  SampleParentEntity,
  SampleVerdictEntity,
  SampleEntity,
  DispatchLotEntity,
  DispatchRackEntity,
  DispatchTipEntity,
  LotEntity,
  TipUseEntity,
  WellBalanceEntity,
  AccessTokenEntity,
  EnrolmentCodeEntity,
  ActorEntity,
  IdempotencyKeyEntity,
  SiteEntity,
  TenantEntity,
] as const;
