import { createHash } from 'node:crypto';
import { arrangeIfFree } from '../../../db/device-work/logistics';
import { sweepLeases } from '../../../db/device-work/sweep';
import { receiveLabware } from '../../../db/lab/labware';
import { inTransaction } from '../../../db/transaction';
import { generatorFor } from '../../../libs/random/generator';
import type { Generator } from '../../../libs/random/generator';
import { checkAll } from './checks';
import type { Findings } from './checks';
import { Instrument } from './instrument';
import type { LaneLab } from './lane-lab';
import { Link } from './link';
import { Machine } from './machine';
import { Network } from './network';
import { Person } from './person';
import { Profile } from './profile';
import { ScenarioMaker } from './scenario';
import type { Scenario } from './scenario';
import { Turns } from './turns';
import type { Pending } from './turns';
import { Workflow } from './workflow';
import { World } from './world';

/** What a schedule came to. */
export interface ScheduleResult {
  readonly seed: number;
  readonly hash: string;
  readonly turns: number;
  readonly virtualMs: number;
  readonly faults: readonly string[];
  readonly findings: Findings;
}

const minuteMs = 60_000;
const sweepMs = 1_200_000;
const faultyTurns = 1_500;
const calmTurns = 4_000;
const dayMs = 86_400_000;

/** One seeded schedule: a small lab works through a few jobs while things go wrong, then everything is mended and counted. */
export class Schedule {
  private readonly random: Generator;
  readonly turns: Turns;
  readonly profile: Profile;
  readonly world: World;
  readonly instruments = new Map<string, Instrument>();
  readonly machines: Machine[] = [];
  readonly faults: string[] = [];
  workflow!: Workflow;
  person!: Person;
  scenario!: Scenario;
  campaignId!: string;
  private readonly network: Network;
  private lastFaultAt = 0;
  private announcing = false;
  /** Whether something happened since the last look whether everything is at rest. */
  private changed = true;

  constructor(
    readonly lab: LaneLab,
    readonly seed: number,
    print?: (line: string) => void,
  ) {
    const drawn = (what: string): Generator => generatorFor('device chaos', seed, what);
    this.random = drawn('lab');
    this.turns = new Turns(drawn('turns'), print);
    this.profile = new Profile(drawn('faults'));
    this.profile.onHit = (kind) => {
      this.lastFaultAt = this.turns.now;
      this.faults.push(kind);
      this.turns.note(`fault: ${kind}`);
    };
    this.world = new World(lab, this.turns, this.profile, drawn('world'));
    this.network = new Network(this.turns, drawn('network'), this.profile, (request) => this.world.serve(request));
    this.turns.hook = (pending) => this.strike(pending);
  }

  async run(): Promise<ScheduleResult> {
    await this.prepare();
    this.world.onNews = () => {
      this.announce();
      this.workflow.news();
    };
    this.workflow.begin();
    this.person.begin();
    this.sweep();
    for (const machine of this.machines) machine.start();
    await this.turns.run(() => this.atRest(), { turns: faultyTurns, untilMs: 3 * dayMs });
    await this.mend();
    const limits = { turns: calmTurns, untilMs: this.turns.now + 7 * dayMs };
    await this.turns.run(() => this.atRest(), limits);
    // A little longer: what is late comes now.
    await this.turns.run(() => false, { turns: 40, untilMs: this.turns.now + 2_000_000 });
    await this.world.finishAll();
    const findings = await checkAll(this);
    return {
      seed: this.seed,
      hash: this.turns.digest,
      turns: this.turns.taken,
      virtualMs: this.turns.now,
      faults: this.faults,
      findings,
    };
  }

  private async prepare(): Promise<void> {
    const { lab, seed } = this;
    const { tenantId, siteId } = lab.db;
    const key = `s${seed}`;
    this.campaignId = namedId(key);
    this.scenario = new ScenarioMaker(key, tenantId, (barcode) => lab.scene.labware(barcode), this.random).make();
    await lab.begin({ campaignId: this.campaignId, slug: key, seed, devices: this.scenario.devices });
    await this.profile.mute(() => this.fill());
    for (const code of this.scenario.devices) {
      const instrument = new Instrument(code, this.turns, generatorFor('device chaos', seed, code), this.profile);
      this.instruments.set(code, instrument);
      this.addMachine(code);
    }
    const stage = { tenantId, siteId, campaignId: this.campaignId, round: 1, stage: 'build' };
    this.workflow = new Workflow(stage, this.scenario, this.world, this.turns, this.random, this.profile);
    this.person = new Person(this.world, this.turns, {
      calmSince: (device) => this.calmSince(device),
      instrument: (device) => this.instruments.get(device) as Instrument,
      stopStrays: (device) => this.stopStrays(device),
      opsToken: lab.opsToken,
    });
    this.turns.note(`${JSON.stringify(this.scenario.blocks.map((block) => block.map(({ job, transfers }) => [job.stepKey, job.needs, transfers.length])))} ${[...this.profile.kinds].join(' ')}`); // prettier-ignore
  }

  private async fill(): Promise<void> {
    const { db, scene } = this.lab;
    const by = { tenantId: db.tenantId, site: 'main', actorId: scene.personId };
    await inTransaction(db.pool, async (client) => {
      for (const { barcode, deck, wells } of this.scenario.sources) {
        const filled = wells.map((well) => ({
          well,
          kind: 'reagent' as const,
          code: `${barcode}-${well}`,
          volumeUl: 190,
        }));
        await receiveLabware(client, by, { barcode, kind: 'pcr-96', placeCode: deck, wells: filled });
      }
    });
  }

  private addMachine(code: string): Machine {
    const device = this.lab.devices.get(code);
    const instrument = this.instruments.get(code);
    if (!device || !instrument) throw new Error(`there is no device ${code}`);
    const name = `${code}.${'abcdefgh'[this.machines.filter((machine) => machine.name.startsWith(code)).length]}`;
    const random = generatorFor('device chaos', this.seed, name);
    const machine = new Machine(
      name,
      {
        code,
        token: device.token,
        send: (owner) => this.network.sendOf(owner, code),
        link: (owner) => new Link(owner, instrument, this.turns, random, this.profile),
      },
      this.turns,
      random,
    );
    this.machines.push(machine);
    return machine;
  }

  /** Wakes the polls of devices that work is queued for, as notices of the database do. */
  private announce(): void {
    if (this.announcing || !this.network.waitsForWork) return;
    this.announcing = true;
    this.turns.later('keeper', 'gives notice', 0, async () => {
      this.announcing = false;
      this.network.news(await this.world.io(() => this.lab.devicesWithWork()));
    });
  }

  /** Looks for lapsed leases and routes work, as each replica of the api does. */
  private sweep(): void {
    this.turns.look('keeper', 'sweeps leases', sweepMs, async () => {
      this.sweep();
      const swept = await this.world.keeping((pool) => sweepLeases(pool, 0));
      await this.world.keeping((pool) => arrangeIfFree(pool, this.lab.db.siteId));
      const { lapsed, unknown } = swept ?? { lapsed: 0, unknown: 0 };
      this.turns.note(`${lapsed} leases lapsed, ${unknown} became unknown`);
      this.world.onNews();
    });
  }

  /** What may go wrong at a yield point, beside what goes wrong on the wire and in the pool. */
  private strike(pending: Pending): ReturnType<Turns['hook']> {
    this.changed = true;
    const machine = this.machines.find(({ owner, runs }) => runs && owner === pending.owner);
    if (machine) return this.strikeAgent(machine, pending);
    if (pending.owner.startsWith('instrument') && this.profile.hits('instrument-reset')) {
      return { goes: true, after: () => this.instruments.get(pending.owner.split(' ')[1] as string)?.reset() };
    }
    if (this.profile.hits('database-away')) this.world.takeAway(1_000 * (1 + this.random.below(60)));
    if (this.profile.hits('time-jump'))
      this.turns.later('nobody', 'time has passed', minuteMs * this.random.below(240), () => undefined);
    return { goes: true };
  }

  private strikeAgent(machine: Machine, pending: Pending): ReturnType<Turns['hook']> {
    const { profile, random } = this;
    if (profile.hits('clock-step')) machine.wallOffsetMs += minuteMs * (random.below(2_880) - 1_440);
    // Around a start most is at stake.
    const factor = /start|leases answered 200|append|reconcile/.test(pending.name) ? 4 : 1;
    if (profile.hits('pause', factor)) this.pause(machine);
    const crash = profile.hits('agent-crash', factor);
    const cut = !crash && profile.hits('power-cut', factor);
    if (!crash && !cut) {
      if (machine.asleep) this.turns.putBack(pending);
      return { goes: !machine.asleep };
    }
    const down = (): void => {
      if (crash) machine.kill();
      else machine.cutPower();
      if (cut && random.uniform() < 0.3) this.instruments.get(codeOf(machine))?.reset();
      this.turns.later('supervisor', `starts ${machine.name} again`, minuteMs * random.below(60), () =>
        machine.start(),
      );
    };
    const before = random.uniform() < 0.5;
    if (before) down();
    return before ? { goes: false } : { goes: true, after: down };
  }

  private pause(machine: Machine): void {
    machine.sleep();
    const wakes = minuteMs * (1 + this.random.below(300));
    this.turns.later('supervisor', `${machine.name} wakes`, wakes, () => machine.wake());
    if (this.profile.hits('takeover')) {
      const code = codeOf(machine);
      this.turns.later('supervisor', `another machine takes over ${code}`, minuteMs * this.random.below(90), () =>
        this.takeOver(code),
      );
    }
  }

  /** Another machine, with an empty disk and the same credential. */
  private takeOver(code: string): void {
    this.network.mixUp(code);
    this.addMachine(code).start();
  }

  private calmSince(device: string): number | undefined {
    const mine = this.machines.filter((machine) => codeOf(machine) === device && !machine.scrapped);
    const up = mine.every(({ runs, asleep }) => runs && !asleep) && (this.instruments.get(device)?.reachable ?? false);
    return up ? this.lastFaultAt : undefined;
  }

  /** The documented procedure before a person says that something did not happen. */
  private stopStrays(device: string): void {
    for (const machine of this.machines) if (codeOf(machine) === device && machine.asleep) machine.scrap();
    const instrument = this.instruments.get(device);
    for (const pending of this.turns.of(instrument?.owner ?? ''))
      if (pending.name.startsWith('is triggered')) this.turns.cancel(pending);
  }

  /** No more faults; everything runs again. */
  private async mend(): Promise<void> {
    this.turns.note('--- everything is mended ---');
    this.profile.end();
    this.lastFaultAt = this.turns.now;
    await this.world.finishAll();
    this.world.bringBack();
    for (const instrument of this.instruments.values()) instrument.calm();
    for (const machine of this.machines) {
      machine.wake();
      machine.start();
    }
    this.world.onNews();
  }

  /** Every job has succeeded, nobody owes anything. */
  private async atRest(): Promise<boolean> {
    if (!this.changed || !this.workflow.atRest || this.world.holds) return false;
    if (!this.machines.every((machine) => machine.scrapped || machine.owes === 0)) return false;
    this.changed = false;
    const { rows } = await this.lab.watcher.query<{ open: boolean }>({
      name: 'at-rest',
      text: `select (select count(distinct d.job_id) from dispatch d join job j on j.id = d.job_id
          where j.campaign_id = $1 and d.state = 'succeeded') < $2
        or exists (select 1 from outbox where campaign_id = $1 and sent_at is null)
        or exists (select 1 from device where state = 'quarantined')
        or exists (select 1 from dispatch where state in ('leased', 'started', 'unknown')) as open`,
      values: [this.campaignId, this.scenario.blocks.flat().length],
    });
    return rows[0]?.open === false;
  }
}

const codeOf = (machine: Machine): string => machine.name.slice(0, machine.name.lastIndexOf('.'));

const namedId = (key: string): string => {
  const hex = createHash('sha256').update(key).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};
