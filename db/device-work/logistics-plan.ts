/** A queued job with the labware it needs, as logistics sees it: its time has come, its campaign runs, nothing of it is held. */
export interface WaitingJob {
  readonly jobId: string;
  readonly stepKey: string;
  readonly capability: string;
  readonly routedDeviceId: string | null;
  /** A person chose the device: it goes there or nowhere. */
  readonly pinned: boolean;
  /** Made by logistics itself, to serve another job. */
  readonly isMove: boolean;
  readonly labware: readonly NeededLabware[];
}

export interface NeededLabware {
  readonly labwareId: string;
  readonly barcode: string;
  readonly kind: string;
  readonly at: 'device' | 'anywhere';
  readonly placeId: string;
  /** Step key of the job that works with it at this moment. */
  readonly usedBy: string | null;
}

export interface WorkingDevice {
  readonly id: string;
  readonly code: string;
  readonly capabilities: readonly string[];
  readonly placeId: string | null;
  readonly inService: boolean;
  /** Why it gets no work, for people; null when it may get some. */
  readonly refusal: string | null;
  readonly busy: boolean;
}

export interface Place {
  readonly id: string;
  readonly code: string;
  readonly kind: string;
  readonly capacity: number;
  /** How many labware stand there. */
  readonly occupied: number;
  /** Which ones, for the decks of devices. */
  readonly occupants: readonly Occupant[];
}

export interface Occupant {
  readonly labwareId: string;
  readonly barcode: string;
  readonly kind: string;
  /** Where it belongs when nobody needs it; null for labware without a place of its own. */
  readonly homePlaceId: string | null;
  /** Held or in use: it stays where it is. */
  readonly fixed: boolean;
  /** Whether an open job still needs it. */
  readonly wanted: boolean;
  /** The job that used it last, moves apart. */
  readonly lastJobId: string | null;
}

/** The latest dispatch of a move that serves a job. */
export interface Move {
  readonly jobId: string;
  readonly stepKey: string;
  readonly labwareId: string;
  readonly toPlaceId: string;
  readonly servesJobId: string;
  readonly attempt: number;
  readonly state: string;
  /** Unknown for long enough that no evidence is to be expected. */
  readonly withoutEvidence: boolean;
  /** Whether a person still has to look at it. */
  readonly incidentOpen: boolean;
  readonly incidentKnown: boolean;
}

export interface Lab {
  readonly jobs: readonly WaitingJob[];
  readonly devices: readonly WorkingDevice[];
  readonly places: readonly Place[];
  readonly moves: readonly Move[];
}

export interface PlannedMove {
  /** `return`: frozen stock goes back when no open job needs it. */
  readonly purpose: 'fetch' | 'clear' | 'return';
  readonly labwareId: string;
  readonly barcode: string;
  readonly kind: string;
  readonly fromPlaceId: string;
  readonly toPlaceId: string;
  readonly servesJobId: string;
}

/** What logistics decides. */
export interface Arrangement {
  readonly routes: { readonly jobId: string; readonly deviceId: string }[];
  readonly moves: PlannedMove[];
  /** Failed moves to make again, and those that failed too often. */
  readonly retries: Move[];
  readonly givenUp: Move[];
  /** Queued moves that lead to a device their job no longer goes to. */
  readonly obsolete: Move[];
  /** Why each job waits; null when a device may have it. */
  readonly waiting: Map<string, string | null>;
}

/** Attempts at one move before a person is asked. */
export const mostMoveAttempts = 5;
const openMove = ['blocked', 'queued', 'leased', 'started', 'unknown'];

/**
 * Decides which device each waiting job goes to and which labware is brought there. Jobs are served in the order of the
 * queue: the labware an earlier job needs is not taken from it, a job gets deck positions for all its labware or for none,
 * and no job passes one that waits for positions of the same deck. So the first job of every deck always comes to run.
 */
export function planLogistics(lab: Lab): Arrangement {
  const planning = new Planning(lab);
  for (const move of lab.moves) planning.reviewMove(move);
  for (const job of lab.jobs) planning.arrangement.waiting.set(job.jobId, planning.serve(job));
  planning.returnFrozen();
  return planning.arrangement;
}

interface Deck {
  readonly place: Place;
  /** Labware that stays or comes here. */
  readonly kept: Set<string>;
  /** Positions free for what is on its way from now on. */
  room: number;
  /** Labware that is on its way out. */
  leaving: number;
  /** A job ahead waits for positions here. */
  closed: boolean;
}

class Planning {
  readonly arrangement: Arrangement = {
    routes: [],
    moves: [],
    retries: [],
    givenUp: [],
    obsolete: [],
    waiting: new Map(),
  };
  private readonly places: Map<string, Place>;
  private readonly onTheirWay: Map<string, Move>;
  private readonly decks = new Map<string, Deck>();
  private readonly load = new Map<string, number>();
  /** Labware → the earlier job it is kept for. */
  private readonly promised = new Map<string, { readonly stepKey: string; readonly placeId: string }>();
  private readonly roomInStorage = new Map<string, number>();
  private readonly selfMoving: Set<string>;

  constructor(private readonly lab: Lab) {
    this.places = new Map(lab.places.map((place) => [place.id, place]));
    const open = lab.moves.filter((move) => openMove.includes(move.state));
    this.onTheirWay = new Map(open.map((move) => [move.labwareId, move]));
    this.selfMoving = new Set(
      lab.jobs
        .filter((job) => !job.isMove)
        .flatMap((job) => job.labware.filter(({ at }) => at === 'anywhere').map(({ labwareId }) => labwareId)),
    );
    for (const job of lab.jobs) {
      if (job.routedDeviceId) this.load.set(job.routedDeviceId, (this.load.get(job.routedDeviceId) ?? 0) + 1);
    }
    for (const place of lab.places) {
      const incoming = open.filter((move) => move.toPlaceId === place.id).length;
      this.roomInStorage.set(place.id, place.capacity - place.occupied - incoming);
    }
  }

  /** Failed moves are made again, five times at most; then a person is asked. */
  reviewMove(move: Move): void {
    const again = move.state === 'failed' || (move.state === 'unknown' && move.withoutEvidence);
    if (!again || !this.stillWanted(move)) return;
    if (move.attempt < mostMoveAttempts) this.arrangement.retries.push(move);
    else if (!move.incidentKnown) this.arrangement.givenUp.push(move);
  }

  private stillWanted(move: Move): boolean {
    const job = this.lab.jobs.find(({ jobId }) => jobId === move.servesJobId);
    const device = this.lab.devices.find(({ id }) => id === job?.routedDeviceId);
    const target = this.places.get(move.toPlaceId);
    const arrived = job?.labware.some(
      ({ labwareId, placeId }) => labwareId === move.labwareId && placeId === move.toPlaceId,
    );
    return job !== undefined && !arrived && (target?.kind !== 'deck' || device?.placeId === move.toPlaceId);
  }

  /** Arranges what one job needs. @returns why it waits, null when a device may have it */
  serve(job: WaitingJob): string | null {
    const needed = job.labware.filter(({ at }) => at === 'device');
    if (job.pinned) return this.atPinned(job, needed);
    const device = this.route(job, needed);
    if (!device) return this.withoutDevice(job);
    if (needed.length === 0 || !device.placeId) return this.withoutLabware(job);
    return this.bring(job, needed, device, this.deck(device.placeId));
  }

  private atPinned(job: WaitingJob, needed: readonly NeededLabware[]): string | null {
    const device = this.lab.devices.find(({ id }) => id === job.routedDeviceId);
    const elsewhere = this.lab.moves.filter(
      ({ servesJobId, toPlaceId, state }) =>
        servesJobId === job.jobId &&
        state === 'queued' &&
        toPlaceId !== device?.placeId &&
        this.places.get(toPlaceId)?.kind === 'deck',
    );
    this.arrangement.obsolete.push(...elsewhere);
    if (!device?.inService) return `a person chose its device: ${why(device)}`;
    if (needed.length > 0 && device.placeId) return this.bring(job, needed, device, this.deck(device.placeId));
    const inUse = job.labware.find(({ usedBy }) => usedBy !== null);
    if (inUse) return `${inUse.barcode} is in use by ${inUse.usedBy}`;
    return device.busy ? `waits for ${device.code}, which is busy` : null;
  }

  private route(job: WaitingJob, needed: readonly NeededLabware[]): WorkingDevice | undefined {
    const capable = this.lab.devices.filter(
      (device) => device.inService && device.capabilities.includes(job.capability),
    );
    const present = capable.find(({ id }) => id === job.routedDeviceId);
    if (present || needed.length === 0) return present ?? capable[0];
    const here = (device: WorkingDevice): number => needed.filter(({ placeId }) => placeId === device.placeId).length;
    const best = capable
      .filter(({ placeId }) => placeId !== null)
      .sort(
        (a, b) =>
          here(b) - here(a) || (this.load.get(a.id) ?? 0) - (this.load.get(b.id) ?? 0) || (a.code < b.code ? -1 : 1),
      )[0];
    if (!best) return undefined;
    this.load.set(best.id, (this.load.get(best.id) ?? 0) + 1);
    this.arrangement.routes.push({ jobId: job.jobId, deviceId: best.id });
    for (const move of this.lab.moves) {
      const elsewhere = move.servesJobId === job.jobId && move.toPlaceId !== best.placeId;
      if (elsewhere && move.state === 'queued' && job.routedDeviceId) this.arrangement.obsolete.push(move);
    }
    return best;
  }

  private withoutDevice(job: WaitingJob): string {
    const able = this.lab.devices.filter((device) => device.capabilities.includes(job.capability));
    return able.length === 0
      ? `no device of this site can ${job.capability}`
      : `no device in service can ${job.capability} (${able.map(why).join('; ')})`;
  }

  private withoutLabware(job: WaitingJob): string | null {
    const inUse = job.labware.find(({ usedBy }) => usedBy !== null);
    if (inUse) return `${inUse.barcode} is in use by ${inUse.usedBy}`;
    const capable = this.lab.devices.filter(
      (device) => device.inService && device.capabilities.includes(job.capability),
    );
    return capable.every(({ busy }) => busy)
      ? `waits for a free device (${capable.map(({ code }) => code).join(', ')})`
      : null;
  }

  private bring(job: WaitingJob, needed: readonly NeededLabware[], device: WorkingDevice, deck: Deck): string | null {
    if (deck.closed) return `waits behind other jobs of ${device.code}`;
    const taken = needed.find(
      ({ labwareId }) => (this.promised.get(labwareId)?.placeId ?? deck.place.id) !== deck.place.id,
    );
    if (taken) return `${taken.barcode} is needed first by ${this.promised.get(taken.labwareId)?.stepKey}`;
    if (needed.length > deck.place.capacity)
      return `needs ${needed.length} positions, ${deck.place.code} has ${deck.place.capacity}`;
    const fresh = needed.filter(({ labwareId }) => !deck.kept.has(labwareId));
    if (deck.kept.size + fresh.length > deck.place.capacity) {
      deck.closed = true;
      return `waits for room on ${deck.place.code}`;
    }
    for (const { labwareId } of needed) {
      deck.kept.add(labwareId);
      if (!this.promised.has(labwareId)) this.promised.set(labwareId, { stepKey: job.stepKey, placeId: deck.place.id });
    }
    const reasons = needed.map((labware) => this.fetch(job, labware, deck)).filter((reason) => reason !== null);
    if (reasons.length > 0) return reasons.join('; ');
    return device.busy ? `waits for ${device.code}, which is busy` : null;
  }

  private fetch(job: WaitingJob, labware: NeededLabware, deck: Deck): string | null {
    if (labware.usedBy) return `${labware.barcode} is in use by ${labware.usedBy}`;
    const at = this.places.get(labware.placeId)?.code ?? 'nowhere';
    const move = this.onTheirWay.get(labware.labwareId);
    if (move) return `${labware.kind} ${labware.barcode} in ${at}; on its way (job ${move.stepKey})`;
    if (labware.placeId === deck.place.id) return null;
    const failed = this.lab.moves.find(
      (past) =>
        past.labwareId === labware.labwareId &&
        past.servesJobId === job.jobId &&
        past.toPlaceId === deck.place.id &&
        past.state === 'failed',
    );
    if (failed && failed.attempt < mostMoveAttempts)
      return `${labware.kind} ${labware.barcode} in ${at}; its move failed and is tried again`;
    if (failed && (failed.incidentOpen || !failed.incidentKnown)) {
      return `${labware.kind} ${labware.barcode} in ${at}; moving it failed ${failed.attempt} times, see the incident`;
    }
    if (deck.room <= 0) return this.makeRoom(job, labware, deck, at);
    deck.room--;
    this.plan(job, 'fetch', labware, labware.placeId, deck.place.id);
    return `${labware.kind} ${labware.barcode} in ${at}; will be fetched`;
  }

  private makeRoom(job: WaitingJob, labware: NeededLabware, deck: Deck, at: string): string {
    const waits = `${labware.kind} ${labware.barcode} in ${at}; waits for room on ${deck.place.code}`;
    if (deck.leaving > 0) {
      deck.leaving--;
      return waits;
    }
    const victims = deck.place.occupants.filter(
      (one) => !one.fixed && !deck.kept.has(one.labwareId) && !this.onTheirWay.has(one.labwareId),
    );
    const victim = victims.find(({ wanted }) => !wanted) ?? victims[0];
    const storage = this.storageFor(victim);
    if (!victim || !storage) return storage ? waits : `${waits}; no room in storage either`;
    this.roomInStorage.set(storage.id, (this.roomInStorage.get(storage.id) ?? 0) - 1);
    this.plan(job, 'clear', victim, deck.place.id, storage.id);
    return `${waits}; ${victim.barcode} goes to ${storage.code}`;
  }

  /** What belongs in a freezer does not stay on a deck that is done with it. */
  returnFrozen(): void {
    for (const place of this.lab.places)
      for (const one of place.occupants) {
        const home = this.places.get(one.homePlaceId ?? '');
        const idle =
          !one.fixed && !one.wanted && !this.onTheirWay.has(one.labwareId) && !this.promised.has(one.labwareId);
        if (home?.kind !== 'freezer' || !idle || !one.lastJobId || (this.roomInStorage.get(home.id) ?? 0) <= 0)
          continue;
        this.roomInStorage.set(home.id, (this.roomInStorage.get(home.id) ?? 0) - 1);
        this.plan({ jobId: one.lastJobId, stepKey: '' }, 'return', one, place.id, home.id);
      }
  }

  /** The labware's own place while it has room, else the storage with most room. */
  private storageFor(victim: Occupant | undefined): Place | undefined {
    const room = (place: Place): number => this.roomInStorage.get(place.id) ?? 0;
    const home = this.lab.places.find(({ id }) => id === victim?.homePlaceId);
    if (home && home.kind !== 'consumables' && home.kind !== 'deck' && room(home) > 0) return home;
    return this.lab.places
      .filter((place) => place.kind === 'storage' && room(place) > 0)
      .sort((a, b) => room(b) - room(a) || (a.code < b.code ? -1 : 1))[0];
  }

  private plan(
    job: Pick<WaitingJob, 'jobId' | 'stepKey'>,
    purpose: PlannedMove['purpose'],
    labware: { readonly labwareId: string; readonly barcode: string; readonly kind: string },
    fromPlaceId: string,
    toPlaceId: string,
  ): void {
    const { labwareId, barcode, kind } = labware;
    const move = { purpose, labwareId, barcode, kind, fromPlaceId, toPlaceId, servesJobId: job.jobId };
    this.arrangement.moves.push(move);
    this.onTheirWay.set(labwareId, {
      ...move,
      jobId: '',
      stepKey: `${job.stepKey}/${purpose}`,
      attempt: 1,
      state: 'queued',
      withoutEvidence: false,
      incidentOpen: false,
      incidentKnown: false,
    });
  }

  private deck(placeId: string): Deck {
    const known = this.decks.get(placeId);
    if (known) return known;
    const place = this.places.get(placeId) as Place;
    const moves = [...this.onTheirWay.values()];
    const incoming = moves.filter((move) => move.toPlaceId === placeId && move.jobId !== '');
    const away = (one: Occupant): boolean =>
      this.selfMoving.has(one.labwareId) || (this.onTheirWay.get(one.labwareId)?.toPlaceId ?? placeId) !== placeId;
    const leaving = place.occupants.filter(away);
    const stays = place.occupants.filter((one) => one.fixed && !away(one)).map(({ labwareId }) => labwareId);
    const deck = {
      place,
      kept: new Set([...stays, ...incoming.map(({ labwareId }) => labwareId)]),
      room: place.capacity - place.occupied - incoming.length,
      leaving: leaving.length,
      closed: false,
    };
    this.decks.set(placeId, deck);
    return deck;
  }
}

/** `reader-1 is quarantined: …`. */
const why = (device: WorkingDevice | undefined): string =>
  device
    ? `${device.code} is ${device.refusal ?? (device.inService ? 'in service' : 'silent')}`
    : 'a device that is gone';
