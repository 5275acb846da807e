import { Column, Entity, PrimaryColumn } from 'typeorm';

/** How far one flow of work has been given places in the fair order of a site and capability. */
@Entity('campaign_share')
export class CampaignShareEntity {
  @PrimaryColumn({ name: 'site_id', type: 'uuid' })
  siteId: string;

  @PrimaryColumn({ type: 'text' })
  capability: string;

  @PrimaryColumn({ name: 'flow_id', type: 'uuid' })
  flowId: string;

  @PrimaryColumn({ type: 'smallint' })
  priority: number;

  @Column({ type: 'double precision' })
  finish: number;
}
