import type { Pool, PoolClient } from 'pg';
import { newId } from '../ids';

/** One readout of one well, with where it was read. */
export interface NewMeasurement {
  readonly labwareId: string;
  readonly well: string;
  readonly sampleId: string | null;
  readonly role: 'sample' | 'blank' | 'negative' | 'reference';
  readonly constructId: string | null;
  readonly cloneId: string | null;
  readonly cultureId: string | null;
  readonly controlId: string | null;
  readonly readout: string;
  readonly unit: string;
  readonly value: number | null;
  readonly state: 'ok' | 'flagged' | 'held' | 'void';
  readonly flags: readonly string[];
  readonly reason: string | null;
  readonly dispatchId: string;
  readonly fileSha256: string;
}

/** One readout of one construct in one round: mean over cultures, with its 95 % interval where there are two. */
export interface ConstructValue {
  readonly constructId: string;
  readonly readout: string;
  readonly unit: string;
  readonly mean: number;
  readonly sd: number | null;
  readonly standardError: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly clones: number;
  readonly cultures: number;
  readonly wells: number;
  readonly plates: number;
}

interface Round {
  readonly tenantId: string;
  readonly campaignId: string;
  readonly round: number;
}

/** Stores measurements once; a well's readout that is stored keeps its value. */
export async function storeMeasurements(
  client: PoolClient,
  round: Round,
  measurements: readonly NewMeasurement[],
): Promise<void> {
  const rows = measurements.map((measurement) => ({ id: newId(), ...measurement }));
  await client.query(
    `insert into measurement (id, tenant_id, campaign_id, round, labware_id, well, sample_id, role, construct_id, clone_id,
       culture_id, control_id, readout, unit, value, state, flags, reason, dispatch_id, file_sha256)
     select x.id, $1, $2, $3, x."labwareId", x.well, x."sampleId", x.role, x."constructId", x."cloneId", x."cultureId",
       x."controlId", x.readout, x.unit, x.value, x.state, x.flags, x.reason, x."dispatchId", decode(x."fileSha256", 'hex')
     from jsonb_to_recordset($4) as x (id uuid, "labwareId" uuid, well text, "sampleId" uuid, role text, "constructId" uuid,
       "cloneId" uuid, "cultureId" uuid, "controlId" text, readout text, unit text, value double precision, state text,
       flags text[], reason text, "dispatchId" uuid, "fileSha256" text)
     on conflict (campaign_id, round, labware_id, well, readout) do nothing`,
    [round.tenantId, round.campaignId, round.round, JSON.stringify(rows)],
  );
}

/** Stores the values of a round's constructs; the same round again gives the same rows. */
export async function storeConstructValues(
  client: PoolClient,
  round: Round,
  values: readonly ConstructValue[],
): Promise<void> {
  await client.query(
    `insert into construct_value (campaign_id, round, construct_id, readout, tenant_id, unit, mean, sd, standard_error, low,
       high, clones, cultures, wells, plates)
     select $1, $2, x."constructId", x.readout, $3, x.unit, x.mean, x.sd, x."standardError", x.low, x.high, x.clones,
       x.cultures, x.wells, x.plates
     from jsonb_to_recordset($4) as x ("constructId" uuid, readout text, unit text, mean double precision, sd double precision,
       "standardError" double precision, low double precision, high double precision, clones int, cultures int, wells int,
       plates int)
     on conflict (campaign_id, round, construct_id, readout) do nothing`,
    [round.campaignId, round.round, round.tenantId, JSON.stringify(values)],
  );
}

/** A value of a construct with the round it was measured in. */
export interface RoundValue {
  readonly round: number;
  readonly constructId: string;
  readonly readout: string;
  readonly mean: number;
  readonly sd: number | null;
  readonly cultures: number;
}

/** Every construct value of a campaign up to a round. */
export async function loadConstructValues(pool: Pool, upTo: Round): Promise<RoundValue[]> {
  const { rows } = await pool.query<RoundValue>(
    `select round, construct_id as "constructId", readout, mean, sd, cultures from construct_value
     where tenant_id = $1 and campaign_id = $2 and round <= $3 order by round, construct_id, readout`,
    [upTo.tenantId, upTo.campaignId, upTo.round],
  );
  return rows;
}

/** Kinds of a campaign's rounds, by number. */
export async function loadRoundKinds(pool: Pool, upTo: Round): Promise<Map<number, 'explore' | 'confirm'>> {
  const { rows } = await pool.query<{ number: number; kind: 'explore' | 'confirm' }>(
    'select number, kind from round where tenant_id = $1 and campaign_id = $2 and number <= $3 order by number',
    [upTo.tenantId, upTo.campaignId, upTo.round],
  );
  return new Map(rows.map(({ number, kind }) => [number, kind]));
}
