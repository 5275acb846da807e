import { Module } from '@nestjs/common';
import { CampaignEvents } from './campaign-events';
import { Campaigns } from './campaigns';
import { CampaignsController } from './campaigns.controller';
import { Documents } from './documents';
import { ProtocolsController } from './protocols.controller';
import { Reports } from './reports';

/** What scientists use: campaigns, protocols, reports. */
@Module({
  controllers: [CampaignsController, ProtocolsController],
  providers: [Campaigns, CampaignEvents, Documents, Reports],
})
export class CampaignsModule {}
