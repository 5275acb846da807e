import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What a well holds, between two volumes, by all postings of the ledger. */
@Entity('well_balance')
export class WellBalanceEntity {
  @PrimaryColumn({ name: 'labware_id', type: 'uuid' })
  labwareId: string;

  @PrimaryColumn({ type: 'text' })
  well: string;

  @Column({ name: 'low_pl', type: 'bigint' })
  lowPl: string;

  @Column({ name: 'high_pl', type: 'bigint' })
  highPl: string;
}
