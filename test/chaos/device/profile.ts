import type { Generator } from '../../../libs/random/generator';

/** Faults by name. Each schedule has some of them, so that rare ones meet without being drowned by frequent ones. */
export const faultKinds = [
  'agent-crash',
  'power-cut',
  'pause',
  'takeover',
  'request-lost',
  'answer-lost',
  'late',
  'doubled',
  'stale-lease',
  'api-crash',
  'commit-unknown',
  'database-away',
  'lost-race',
  'parked-commit',
  'clock-step',
  'time-jump',
  'trigger-late',
  'link-down',
  'instrument-forgets',
  'instrument-stalls',
  'instrument-reset',
  'run-fails',
  'early-withdrawal',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** Faults that do harm together. */
const themes: readonly (readonly FaultKind[])[] = [
  ['pause', 'takeover', 'stale-lease'],
  ['pause', 'takeover', 'stale-lease', 'trigger-late', 'request-lost'],
  ['agent-crash', 'power-cut', 'instrument-reset', 'link-down', 'answer-lost'],
  ['agent-crash', 'power-cut', 'stale-lease', 'trigger-late'],
  ['api-crash', 'commit-unknown', 'lost-race', 'parked-commit'],
  ['request-lost', 'answer-lost', 'late', 'doubled', 'run-fails'],
  ['api-crash', 'answer-lost', 'run-fails', 'instrument-stalls'],
];

/** How often a fault of an enabled kind happens where it can. */
const chances: Readonly<Record<FaultKind, number>> = {
  'agent-crash': 0.02,
  'power-cut': 0.02,
  pause: 0.025,
  takeover: 0.7,
  'request-lost': 0.08,
  'answer-lost': 0.08,
  late: 0.08,
  doubled: 0.1,
  'stale-lease': 0.35,
  'api-crash': 0.03,
  'commit-unknown': 0.05,
  'database-away': 0.015,
  'lost-race': 0.05,
  'parked-commit': 0.2,
  'clock-step': 0.02,
  'time-jump': 0.02,
  'trigger-late': 0.3,
  'link-down': 0.06,
  'instrument-forgets': 0.15,
  'instrument-stalls': 0.15,
  'instrument-reset': 0.02,
  'run-fails': 0.3,
  'early-withdrawal': 0.05,
};

/** Which faults a schedule has, drawn from its seed. */
export class Profile {
  readonly kinds: ReadonlySet<FaultKind>;
  private left: number;
  private calm = false;
  private muted = false;
  /** Told of every fault that happens. */
  onHit: (kind: FaultKind) => void = () => undefined;

  constructor(private readonly random: Generator) {
    const theme = random.uniform() < 0.4 ? (themes[random.below(themes.length)] as readonly FaultKind[]) : [];
    const share = theme.length > 0 ? 0.1 : ([0, 0.15, 0.3, 0.3, 0.6, 1][random.below(6)] as number);
    this.kinds = new Set([...theme, ...faultKinds.filter(() => random.uniform() < share)]);
    this.left = 2 + random.below(12);
  }

  /**
   * Whether a fault of a kind happens here. Faults of a schedule are counted: after the last one it is calm.
   * @param factor how much likelier it is here than elsewhere
   */
  hits(kind: FaultKind, factor = 1): boolean {
    if (this.calm || this.muted || this.left === 0 || !this.kinds.has(kind)) return false;
    if (this.random.uniform() >= chances[kind] * factor) return false;
    this.left--;
    this.onHit(kind);
    return true;
  }

  /** No faults and no draws until `act` is over: what happens meanwhile happens at once, in an order nobody decides. */
  async mute<T>(act: () => Promise<T>): Promise<T> {
    this.muted = true;
    try {
      return await act();
    } finally {
      this.muted = false;
    }
  }

  /** No more faults from here on. */
  end(): void {
    this.calm = true;
  }
}
