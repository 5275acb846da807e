import type { Pool, PoolClient } from 'pg';

/** A construct or unit on its way into the facts. */
export interface NewConstruct {
  readonly id: string;
  /** Hex SHA-256 of the canonical form. */
  readonly sequenceSha256: string;
  readonly kind: 'unit' | 'construct';
  readonly name: string;
  readonly sequence: string;
  /** What it is made of, for people: reaction, inputs, backbone. */
  readonly parts: unknown;
}

/** A design of a round on its way into the facts. */
export interface NewDesign {
  readonly designIndex: number;
  readonly constructId: string;
  readonly choice: Readonly<Record<string, string>>;
  readonly arm: string;
  readonly reason: string;
  /** Per readout, frozen before any data of the round exist. */
  readonly predicted: Readonly<Record<string, { mean: number; low: number; high: number }>> | null;
}

/** A design as it stands. */
export interface Design {
  readonly round: number;
  readonly position: number;
  readonly designIndex: number;
  readonly constructId: string;
  readonly name: string;
  readonly choice: Readonly<Record<string, string>>;
  readonly arm: string;
  readonly status: DesignStatus;
}

export type DesignStatus =
  | 'designed'
  | 'built'
  | 'failed-assembly'
  | 'failed-transformation'
  | 'failed-sequence'
  | 'failed-growth'
  | 'measured'
  | 'held';

/** Registers constructs; one whose sequence is known keeps its row. */
export async function storeConstructs(
  client: PoolClient,
  tenantId: string,
  constructs: readonly NewConstruct[],
): Promise<void> {
  await client.query(
    `insert into construct (id, tenant_id, sequence_sha256, kind, name, topology, sequence, parts)
     select x.id, $1, decode(x."sequenceSha256", 'hex'), x.kind, x.name, 'circular', x.sequence, x.parts
     from jsonb_to_recordset($2) as x (id uuid, "sequenceSha256" text, kind text, name text, sequence text, parts jsonb)
     order by x.id
     on conflict do nothing`,
    [tenantId, JSON.stringify(constructs)],
  );
}

/** Freezes the designs of a round in their order. */
export async function storeDesigns(
  client: PoolClient,
  round: { readonly tenantId: string; readonly campaignId: string; readonly round: number },
  designs: readonly NewDesign[],
): Promise<void> {
  await client.query(
    `insert into design (campaign_id, round, design_index, tenant_id, position, construct_id, choice, arm, reason, predicted)
     select $1, $2, (x.d ->> 'designIndex')::bigint, $3, x.position, (x.d ->> 'constructId')::uuid, x.d -> 'choice',
       x.d ->> 'arm', x.d ->> 'reason', nullif(x.d -> 'predicted', 'null')
     from jsonb_array_elements($4) with ordinality as x (d, position)
     on conflict do nothing`,
    [round.campaignId, round.round, round.tenantId, JSON.stringify(designs)],
  );
}

/** Designs of a campaign, or of one of its rounds, in the order they were proposed. */
export async function loadDesigns(
  pool: Pool | PoolClient,
  wanted: { readonly tenantId: string; readonly campaignId: string; readonly round?: number },
): Promise<Design[]> {
  const { rows } = await pool.query<Omit<Design, 'designIndex'> & { designIndex: string }>(
    `select d.round, d.position, d.design_index as "designIndex", d.construct_id as "constructId", c.name, d.choice, d.arm, d.status
     from design d join construct c on c.id = d.construct_id
     where d.tenant_id = $1 and d.campaign_id = $2 and d.round = coalesce($3, d.round) order by d.round, d.position`,
    [wanted.tenantId, wanted.campaignId, wanted.round ?? null],
  );
  return rows.map((row) => ({ ...row, designIndex: Number(row.designIndex) }));
}

/**
 * Writes what became of designs of a round, with the reason where there is one.
 * @returns how many changed
 */
export async function settleDesigns(
  client: PoolClient,
  round: { readonly tenantId: string; readonly campaignId: string; readonly round: number },
  settled: readonly { readonly designIndex: number; readonly status: DesignStatus; readonly reason?: string }[],
): Promise<number> {
  const { rowCount } = await client.query(
    `update design d set status = x.status, status_reason = x.reason
     from jsonb_to_recordset($4) as x ("designIndex" bigint, status text, reason text)
     where d.tenant_id = $1 and d.campaign_id = $2 and d.round = $3 and d.design_index = x."designIndex"
       and (d.status, d.status_reason) is distinct from (x.status, x.reason)`,
    [round.tenantId, round.campaignId, round.round, JSON.stringify(settled)],
  );
  return rowCount ?? 0;
}
