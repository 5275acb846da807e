/** Everything a campaign's report says, gathered from the facts; JSON, CSV and HTML are made from it alone. */
export interface Report {
  /** True when any device that touched the campaign is simulated: the first line of every form says so. */
  readonly simulated: boolean;
  readonly campaign: ReportCampaign;
  readonly rounds: readonly ReportRound[];
  readonly winners: readonly Winner[];
  readonly funnel: readonly FunnelStep[];
  /** Designs that did not reach a measurement, counted by reason. */
  readonly losses: readonly { readonly status: string; readonly reason: string; readonly count: number }[];
  readonly constructs: readonly ReportConstruct[];
  readonly wells: readonly ReportWell[];
  readonly incidents: readonly ReportIncident[];
}

export interface ReportCampaign {
  readonly slug: string;
  readonly title: string;
  readonly status: string;
  /** Why it stopped. */
  readonly reason: string;
  readonly revision: number;
  /** Part collection the constructs are made of. */
  readonly collection: { readonly id: string; readonly version: string };
  readonly objectives: readonly {
    readonly readout: string;
    readonly goal: string;
    readonly value?: number;
    readonly weight: number;
  }[];
  readonly readouts: readonly { readonly id: string; readonly unit: string }[];
  /** Members of the library after its rules. */
  readonly librarySize: number;
  readonly labStartedAt?: string;
  readonly labFinishedAt?: string;
  /** Lab time from the first to the last round, days. */
  readonly labDays: number;
}

export interface ReportRound {
  readonly number: number;
  readonly kind: 'explore' | 'confirm';
  readonly designed: number;
  readonly built: number;
  readonly measured: number;
  /** Best score measured in this round, and over all rounds so far. */
  readonly best?: number;
  readonly bestSoFar?: number;
  readonly labFinishedAt?: string;
}

/** Mean with a 95 % interval and what it rests on. */
export interface Estimate {
  readonly mean: number;
  readonly low?: number;
  readonly high?: number;
  readonly clones: number;
  readonly cultures: number;
  readonly wells: number;
  readonly plates: number;
}

export interface Winner {
  readonly rank: number;
  readonly constructId: string;
  readonly name: string;
  readonly choice: Readonly<Record<string, string>>;
  /** Score of the selection rounds and, apart from it, of the confirm round: best of many is biased upwards. */
  readonly score: number;
  readonly confirmedScore?: number;
  readonly values: Readonly<Record<string, Estimate>>;
  readonly confirmed: Readonly<Record<string, Estimate>>;
  /** Where the tube is. */
  readonly tubes: readonly Tube[];
}

export interface Tube {
  readonly sampleId: string;
  readonly code: string;
  readonly kind: string;
  readonly barcode: string;
  readonly well: string;
  readonly place: string;
}

export interface FunnelStep {
  readonly step: string;
  readonly count: number;
}

export interface ReportConstruct {
  readonly round: number;
  readonly designIndex: string;
  readonly constructId: string;
  readonly name: string;
  readonly choice: Readonly<Record<string, string>>;
  readonly arm: string;
  readonly reason: string;
  readonly status: string;
  readonly statusReason?: string;
  readonly score?: number;
  readonly values: Readonly<Record<string, Estimate>>;
  /** Frozen before the data of the round existed. */
  readonly predicted?: Readonly<Record<string, { readonly mean: number; readonly low: number; readonly high: number }>>;
}

/** One value and where it comes from. */
export interface ReportWell {
  readonly round: number;
  readonly barcode: string;
  readonly well: string;
  readonly role: string;
  readonly name: string;
  readonly readout: string;
  readonly unit: string;
  readonly value?: number;
  readonly state: string;
  readonly flags: readonly string[];
  readonly reason?: string;
  readonly sampleId?: string;
  readonly cloneId?: string;
  readonly job: string;
  readonly device: string;
  readonly fileSha256: string;
}

export interface ReportIncident {
  readonly kind: string;
  readonly message: string;
  readonly openedAt: string;
  readonly resolution?: string;
}
