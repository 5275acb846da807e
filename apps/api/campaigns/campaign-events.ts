import { Inject, Injectable } from '@nestjs/common';
import type { MessageEvent } from '@nestjs/common';
import type { Pool } from 'pg';
import { Observable } from 'rxjs';
import { campaignIdOf } from '../../../db/campaigns/view';
import { readEvents, type StoredEvent } from '../../../db/device-work/events';
import { POOL } from '../../../libs/platform/database/database.module';

const pageSize = 200;
const everyMs = 500;

/** Events of a campaign as a stream that can be read on from any of them. */
@Injectable()
export class CampaignEvents {
  constructor(@Inject(POOL) private readonly pool: Pool) {}

  /** @throws DomainError `not-found` */
  async of(tenantId: string, slug: string, after: string | undefined): Promise<Observable<MessageEvent>> {
    const campaignId = await campaignIdOf(this.pool, tenantId, slug);
    return new Observable((subscriber) => {
      let cursor = after;
      let timer: NodeJS.Timeout | undefined;
      const turn = async (): Promise<void> => {
        const page = await this.page(tenantId, campaignId, cursor).catch(() => []);
        for (const event of page) subscriber.next(toMessage(event));
        cursor = page[page.length - 1]?.cursor ?? cursor;
        if (!subscriber.closed) timer = setTimeout(() => void turn(), page.length === pageSize ? 0 : everyMs);
      };
      void turn();
      return () => clearTimeout(timer);
    });
  }

  /** A fault of the database passes by itself: the stream goes on from its cursor. */
  private page(tenantId: string, campaignId: string, after: string | undefined): Promise<StoredEvent[]> {
    return readEvents(this.pool, { tenantId, campaignId, limit: pageSize, ...(after ? { after } : {}) });
  }
}

const toMessage = (event: StoredEvent): MessageEvent => ({
  id: event.cursor,
  type: event.kind,
  data: {
    stream: event.stream,
    seq: event.seq,
    at: event.at,
    labAt: event.labAt,
    actor: event.actor,
    ...event.payload,
  },
});
