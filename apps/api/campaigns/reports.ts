import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { sequences } from '../../../db/report/facts';
import { gatherReport } from '../../../db/report/gather';
import { loadCollection, type PartCollection } from '../../../libs/dna/collections/collection';
import { writeGenbank } from '../../../libs/dna/genbank';
import { readGenotype } from '../../../libs/dna/genotype';
import type { Feature } from '../../../libs/dna/molecule';
import { constructsCsv, simulatedSentence, wellsCsv } from '../../../libs/report/csv';
import { reportHtml } from '../../../libs/report/html';
import type { Report } from '../../../libs/report/report';
import { reportText } from '../../../libs/report/text';
import { POOL } from '../../../libs/platform/database/database.module';
import type { ReportQuery } from './campaigns.dto';

export interface WrittenReport {
  readonly mediaType: string;
  readonly text: string;
}

/** Reports in every form, from the facts at the moment of asking. */
@Injectable()
export class Reports {
  constructor(@Inject(POOL) private readonly pool: Pool) {}

  /** @throws DomainError `not-found` */
  async of(tenantId: string, slug: string, format: NonNullable<ReportQuery['format']>): Promise<WrittenReport> {
    const report = await gatherReport(this.pool, tenantId, slug);
    switch (format) {
      case 'json':
        return { mediaType: 'application/json', text: `${JSON.stringify(report, undefined, 2)}\n` };
      case 'text':
        return { mediaType: 'text/plain', text: reportText(report) };
      case 'html':
        return { mediaType: 'text/html', text: reportHtml(report) };
      case 'csv':
        return { mediaType: 'text/csv', text: constructsCsv(report) };
      case 'wells':
        return { mediaType: 'text/csv', text: wellsCsv(report) };
      case 'genbank':
        return { mediaType: 'text/plain', text: await this.genbank(tenantId, report) };
    }
  }

  /** The winners' sequences, best first, as one GenBank file of several records. */
  private async genbank(tenantId: string, report: Report): Promise<string> {
    const rows = await sequences(
      this.pool,
      tenantId,
      report.winners.map((winner) => winner.constructId),
    );
    const date = genbankDate(report.campaign.labFinishedAt ?? report.campaign.labStartedAt);
    const collection = loadCollection(report.campaign.collection.id, report.campaign.collection.version);
    const records = rows.map((row, index) =>
      writeGenbank({
        name: row.name,
        sequence: row.sequence,
        topology: row.topology,
        features: partFeatures(row.sequence, collection),
        definition: `rank ${index + 1} of campaign ${report.campaign.slug}${report.simulated ? `. ${simulatedSentence}` : ''}`,
        date,
      }),
    );
    return records.join('');
  }
}

/** `21-NOV-2026`, as GenBank writes a day. */
function genbankDate(iso: string | undefined): string {
  const day = new Date(iso ?? 0);
  const month = day.toLocaleString('en', { month: 'short', timeZone: 'UTC' }).toUpperCase();
  return `${String(day.getUTCDate()).padStart(2, '0')}-${month}-${day.getUTCFullYear()}`;
}

/** The parts of a construct where they really are in its sequence. */
function partFeatures(sequence: string, collection: PartCollection): Feature[] {
  const genotype = readGenotype(sequence, collection);
  return genotype.units
    .flatMap((unit) => [unit.promoter, unit.rbs, unit.cds, unit.terminator])
    .flatMap((match) =>
      match ? [{ name: match.part, role: match.role, start: match.start, end: match.end, strand: match.strand }] : [],
    );
}
