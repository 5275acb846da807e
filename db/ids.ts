import { v5, v7 } from 'uuid';

/** Namespace of every UUIDv5 Anneal makes. It never changes: ids of facts are computed again from their natural keys. */
export const idNamespace = '6f1d7c5e-2b0a-5d3e-9a54-0c7d6a1e8b42';

const named = (...key: readonly (string | number)[]): string => v5(key.join(':'), idNamespace);

/** A UUIDv7: sorts by the time it was made. For facts without a natural key. */
export const newId = (): string => v7();

/** Id of an event or message, a UUIDv7. */
export const eventId = (): string => v7();

/**
 * Id of a tenant. Named, so that everything named after it (constructs, labware, samples) has the same id on every installation:
 * the same campaign and seed give the same plans wherever they run.
 */
export const tenantId = (slug: string): string => named('tenant', slug);

/** Id of a tenant's site. */
export const siteId = (tenant: string, slug: string): string => named('site', tenant, slug);

/** Id of the job of a campaign's step. */
export const jobId = (campaignId: string, stepKey: string): string => named('job', campaignId, stepKey);

/** Id of a job the system makes for itself, which no campaign owns. */
export const systemJobId = (tenant: string, stepKey: string): string => named('job', 'system', tenant, stepKey);

/** Id of one attempt at a job, counted from 1. */
export const dispatchId = (job: string, attempt: number): string => named('dispatch', job, attempt);

/** Id of the sample in a well; `useNumber` counts from 1 how often the well was used. */
export const sampleId = (tenantId: string, labware: string, well: string, useNumber = 1): string =>
  named('sample', tenantId, labware, well, useNumber);

/** Id of the labware with a barcode. */
export const labwareId = (tenantId: string, barcode: string): string => named('labware', tenantId, barcode);

/** Id of a campaign's round, counted from 1. */
export const roundId = (campaignId: string, number: number): string => named('round', campaignId, number);

/** Id of the construct with a sequence, named by the hex SHA-256 of its canonical form. */
export const constructId = (tenantId: string, sequenceSha256: string): string =>
  named('construct', tenantId, sequenceSha256);

/** Id of a place of a site. */
export const placeId = (siteId: string, code: string): string => named('place', siteId, code);

/** Id of the lot with a code. */
export const lotId = (tenantId: string, code: string): string => named('lot', tenantId, code);
