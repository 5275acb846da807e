/** What the api says of a campaign while it runs. */
export interface CampaignView {
  readonly slug: string;
  readonly title: string;
  readonly status: 'submitted' | 'running' | 'paused' | 'finished' | 'aborted' | 'failed';
  readonly reason?: string;
  readonly revision: number;
  readonly round: number;
  readonly maxRounds: number;
  readonly kind?: 'explore' | 'confirm';
  readonly stage?: string;
  /** ISO lab time and days since the campaign's first round began. */
  readonly labNow?: string;
  readonly labDay: number;
  readonly jobs: { readonly done: number; readonly open: number; readonly unknown: number };
  readonly wellsRead: number;
  readonly constructsMeasured: number;
  readonly best?: { readonly name: string; readonly score: number };
  /** What people or material the campaign waits for, one line each. */
  readonly waitingFor: readonly string[];
  readonly openIncidents: readonly { readonly id: string; readonly kind: string; readonly message: string }[];
  readonly pendingApprovals: readonly { readonly gate: string; readonly role: string }[];
  readonly createdAt: string;
  readonly finishedAt?: string;
}
