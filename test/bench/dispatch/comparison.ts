import { family, CpuMeter } from './process-figures';
import { percentiles, rounded } from './percentiles';
import { say } from './ground';
import type { Ground } from './ground';
import { measure } from './subjects';
import type { Subject } from './subjects';
import type { Latency } from './tally';

/** Several subjects measured in turn, so that whatever else the machine does hits all of them alike. */
export class Comparison {
  lost = 0;
  doubled = 0;
  private readonly latencies = new Map<string, Latency[]>();
  private readonly cpu = new Map<string, Record<string, number>[]>();
  private troubles = 0;
  private size = { robots: 0, rate: 0, seconds: 0, rounds: 0 };

  constructor(
    private readonly ground: Ground,
    private readonly subjects: readonly Subject[],
  ) {}

  /** One uncounted round (code is compiled, plans are made), then the counted ones. */
  async run(size: { robots: number; rate: number; seconds: number; rounds: number }): Promise<void> {
    this.size = size;
    for (const subject of this.subjects) await this.turn(subject, 'warm', Math.min(size.seconds, 4));
    for (const { name } of this.subjects) {
      this.latencies.set(name, []);
      this.cpu.set(name, []);
    }
    for (let round = 1; round <= size.rounds; round++)
      for (const subject of this.subjects) await this.turn(subject, String(round), size.seconds);
  }

  /** The figures of all counted rounds together, and what they are compared by. */
  figures(): Record<string, unknown> {
    const [ours, floor, graphile] = ['anneal', 'floor', 'graphile'].map((name) => this.of(name));
    if (!ours || !floor || !graphile) throw new Error('a subject is missing');
    const { robots, rate: jobsPerSecond, seconds, rounds } = this.size;
    return {
      readyToRobotMsP50: ours.ready.p50,
      readyToRobotMsP99: ours.ready.p99,
      graphileMsP50: graphile.ready.p50,
      graphileMsP99: graphile.ready.p99,
      floorMsP50: floor.ready.p50,
      floorMsP99: floor.ready.p99,
      p50OverFloor: rounded(ours.ready.p50 / floor.ready.p50, 2),
      p99OverFloor: rounded(ours.ready.p99 / floor.ready.p99, 2),
      p50OverGraphile: rounded(ours.ready.p50 / graphile.ready.p50, 2),
      fromCallMs: { anneal: ours.call, floor: floor.call, graphile: graphile.call },
      fromCommittedMs: { anneal: ours.committed, floor: floor.committed, graphile: graphile.committed },
      cpuPercent: { anneal: ours.cpu, floor: floor.cpu, graphile: graphile.cpu },
      ...{ robots, jobsPerSecond, seconds, rounds, jobs: ours.ready.n, troubles: this.troubles },
    };
  }

  private async turn(subject: Subject, round: string, seconds: number): Promise<void> {
    const postgres = (): number[] => family(this.ground.supervisor.pids()['postgres'] as number);
    const [server = 0, robots] = subject.pids();
    const meter = new CpuMeter({
      postgres,
      server: () => [server],
      robots: () => (robots ? [robots] : []),
      producer: () => [process.pid],
    });
    const name = `${subject.name}/${round}`;
    const { tally } = await measure(subject, { name, seconds, ratePerSecond: this.size.rate });
    const cpu = meter.percent();
    this.lost += tally.open;
    this.doubled += tally.doubled;
    this.troubles += tally.troubleMet.count;
    const latencies = tally.latencies();
    this.latencies.get(subject.name)?.push(...latencies);
    this.cpu.get(subject.name)?.push(cpu);
    const { n, p50, p99 } = percentiles(latencies.map(({ fromReady }) => fromReady));
    const trouble = tally.troubleMet.first ? ` trouble: ${tally.troubleMet.first}` : '';
    say(`${name}: ${n} jobs, p50 ${p50} p99 ${p99} ms, cpu ${JSON.stringify(cpu)}${trouble}`);
  }

  private of(name: string) {
    const latencies = this.latencies.get(name) ?? [];
    const cpu = this.cpu.get(name) ?? [];
    const groups = Object.keys(cpu[0] ?? {});
    const mean = (group: string): number => cpu.reduce((sum, one) => sum + (one[group] ?? 0), 0) / cpu.length;
    return {
      ready: percentiles(latencies.map(({ fromReady }) => fromReady)),
      call: percentiles(latencies.map(({ fromCall }) => fromCall)),
      committed: percentiles(latencies.map(({ fromCommitted }) => fromCommitted)),
      cpu: Object.fromEntries(groups.map((group) => [group, rounded(mean(group), 1)])),
    };
  }
}
