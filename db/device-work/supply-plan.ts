/** Tips or a look that a queued job still needs on the deck it goes to. Jobs come in the order of the queue. */
export interface SuppliedJob {
  readonly jobId: string;
  readonly deckId: string;
  readonly tips: readonly { readonly kind: string; readonly count: number }[];
  /** Labware on the deck that nobody has confirmed there. */
  readonly unconfirmed: readonly CarriedLabware[];
}

export interface CarriedLabware {
  readonly labwareId: string;
  readonly barcode: string;
  readonly kind: string;
}

/** A box of tips, wherever it is. */
export interface Rack extends CarriedLabware {
  readonly placeId: string;
  /** Tips that surely are left and that no dispatch has now. */
  readonly left: number;
  /** Held, or a device takes tips from it: it stays. */
  readonly fixed: boolean;
  /** Where an open move takes it. */
  readonly comingTo: string | null;
}

/** A deck whose device uses tips. */
export interface TipDeck {
  readonly id: string;
  /** Positions kept for boxes. */
  readonly tipRoom: number;
}

/** What a site has to supply and what from. */
export interface Supply {
  readonly jobs: readonly SuppliedJob[];
  readonly racks: readonly Rack[];
  readonly decks: readonly TipDeck[];
  /** Where boxes come from and begun ones go back to. */
  readonly storePlaceId: string;
  /** Where empty boxes go; they go back to the store when there is none. */
  readonly wastePlaceId: string | null;
}

/** A box brought or taken away, or labware looked at where it stands. */
export interface SupplyMove extends CarriedLabware {
  readonly purpose: 'load' | 'unload' | 'check';
  readonly servesJobId: string;
  readonly fromPlaceId: string;
  readonly toPlaceId: string;
}

const tipsPerBox = 96;

/**
 * Which boxes of tips are brought and taken away, so that the first waiting job of every deck has what it needs and the next
 * ones too while there is room. Only the first job of a deck makes room: empty boxes go first, then those it does not need, then
 * begun ones of the kind it is short of.
 */
export function planSupply(supply: Supply): SupplyMove[] {
  const planning = new SupplyPlanning(supply);
  for (const deck of supply.decks) planning.supplyDeck(deck);
  for (const job of supply.jobs) planning.check(job);
  return planning.moves;
}

/** A box on a deck, or on its way there, while the plan is made. */
interface Standing {
  readonly rack: Rack;
  left: number;
}

class SupplyPlanning {
  readonly moves: SupplyMove[] = [];
  private readonly store: Rack[];

  constructor(private readonly supply: Supply) {
    const deckIds = new Set(supply.decks.map(({ id }) => id));
    this.store = supply.racks
      .filter((rack) => !deckIds.has(rack.placeId) && rack.comingTo === null && !rack.fixed && rack.left > 0)
      .sort((a, b) => a.left - b.left || (a.barcode < b.barcode ? -1 : 1));
  }

  supplyDeck(deck: TipDeck): void {
    const standing = this.supply.racks
      .filter((rack) => (rack.comingTo ?? rack.placeId) === deck.id)
      .map((rack): Standing => ({ rack, left: rack.left }));
    const jobs = this.supply.jobs.filter(({ deckId, tips }) => deckId === deck.id && tips.length > 0);
    for (const [index, job] of jobs.entries()) {
      for (const { kind, count } of job.tips) this.provide(deck, standing, job, kind, count, index === 0);
      for (const { kind, count } of job.tips) take(standing, kind, count);
    }
  }

  /** Looks at labware a job needs and nobody has confirmed; a labware is looked at once. */
  check({ jobId, deckId, unconfirmed }: SuppliedJob): void {
    for (const { labwareId, barcode, kind } of unconfirmed) {
      if (this.moves.some((move) => move.labwareId === labwareId)) continue;
      this.moves.push({ purpose: 'check', servesJobId: jobId, labwareId, barcode, kind, fromPlaceId: deckId, toPlaceId: deckId }); // prettier-ignore
    }
  }

  private provide(
    deck: TipDeck,
    standing: Standing[],
    job: SuppliedJob,
    kind: string,
    count: number,
    first: boolean,
  ): void {
    // prettier-ignore
    while (leftOf(standing, kind) < count) {
      const lacking = Math.ceil((count - leftOf(standing, kind)) / tipsPerBox);
      if (standing.length + lacking > deck.tipRoom) {
        if (!first) return;
        this.makeRoom(deck, standing, job, kind);
      }
      // The fullest box when it is to replace a begun one, else what was begun.
      const need = count - leftOf(standing, kind);
      const own = this.store.filter((rack) => rack.kind === kind);
      const box = own.find(({ left }) => left >= need) ?? own[own.length - 1];
      if (!box) return;
      this.store.splice(this.store.indexOf(box), 1);
      standing.push({ rack: box, left: box.left });
      this.move('load', job, box, box.placeId, deck.id);
    }
  }

  private makeRoom(deck: TipDeck, standing: Standing[], job: SuppliedJob, kind: string): void {
    const wanted = new Set(job.tips.map((tips) => tips.kind));
    const ready = standing.filter(({ rack }) => !rack.fixed && rack.comingTo === null && rack.placeId === deck.id);
    const replaced = this.store.some((rack) => rack.kind === kind);
    const victim =
      ready.find(({ left }) => left === 0) ??
      ready.find(({ rack }) => !wanted.has(rack.kind)) ??
      (replaced ? ready.filter(({ rack }) => rack.kind === kind).sort((a, b) => a.left - b.left)[0] : undefined);
    if (!victim) return;
    standing.splice(standing.indexOf(victim), 1);
    const empty = victim.left === 0 && this.supply.wastePlaceId !== null;
    this.move('unload', job, victim.rack, deck.id, empty ? (this.supply.wastePlaceId as string) : this.supply.storePlaceId); // prettier-ignore
  }

  private move(
    purpose: 'load' | 'unload',
    { jobId }: SuppliedJob,
    rack: Rack,
    fromPlaceId: string,
    toPlaceId: string,
  ): void {
    const { labwareId, barcode, kind } = rack;
    this.moves.push({ purpose, servesJobId: jobId, labwareId, barcode, kind, fromPlaceId, toPlaceId });
  }
}

const leftOf = (standing: readonly Standing[], kind: string): number =>
  standing.reduce((sum, { rack, left }) => sum + (rack.kind === kind ? left : 0), 0);

/** What a job will have used when the next one comes: begun boxes first. */
function take(standing: readonly Standing[], kind: string, count: number): void {
  let open = count;
  const boxes = standing.filter(({ rack }) => rack.kind === kind).sort((a, b) => a.left - b.left);
  for (const box of boxes) {
    const taken = Math.min(open, box.left);
    box.left -= taken;
    open -= taken;
  }
}
