import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks of a second in /proc: 100 on every Linux. */
const ticksPerSecond = 100;

/** CPU seconds a process has used, its ended children included (Linux). 0 when it is gone. */
export function cpuSeconds(pid: number): number {
  const fields = stat(pid);
  return fields ? [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0) / ticksPerSecond : 0;
}

/** Resident memory of a process, MB (Linux). */
export function residentMb(pid: number): number {
  const kb = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1];
  return Number(kb ?? 0) / 1024;
}

/** A process and its living children. */
export function family(pid: number): number[] {
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && stat(Number(name))?.[1] === String(pid));
  return [pid, ...children.map(Number)];
}

/** Fields of /proc/<pid>/stat after the command, which may hold anything: state, parent, … */
function stat(pid: number): string[] | undefined {
  const text = read(`/proc/${pid}/stat`);
  return text ? text.slice(text.lastIndexOf(')') + 2).split(' ') : undefined;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** CPU seconds of named groups of processes between two looks. */
export class CpuMeter {
  private before: Record<string, number>;
  private since = performance.now();

  constructor(private readonly groups: Readonly<Record<string, () => readonly number[]>>) {
    this.before = this.look();
  }

  /** Share of one core each group used since the last look, percent. */
  percent(): Record<string, number> {
    const [now, at] = [this.look(), performance.now()];
    const seconds = (at - this.since) / 1_000;
    const used = Object.entries(now).map(([name, cpu]) => {
      const share = Math.max(0, (cpu - (this.before[name] ?? 0)) / seconds);
      return [name, Number((share * 100).toFixed(1))] as const;
    });
    [this.before, this.since] = [now, at];
    return Object.fromEntries(used);
  }

  private look(): Record<string, number> {
    const groups = Object.entries(this.groups);
    return Object.fromEntries(
      groups.map(([name, pids]) => [name, pids().reduce((sum, pid) => sum + cpuSeconds(pid), 0)]),
    );
  }
}
