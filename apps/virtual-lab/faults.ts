/** A fault that someone asks for. `dispatchId` absent: the next run of the device. */
export type Fault =
  /** The instrument breaks down in the run: so many transfers are done, one is uncertain. `forgets`: it will not know the run. */
  | { readonly kind: 'crash'; readonly device: string; readonly afterTransfers?: number; readonly forgets?: boolean }
  /** The same, and it never comes back. */
  | { readonly kind: 'gone'; readonly device: string; readonly afterTransfers?: number }
  | { readonly kind: 'repair'; readonly device: string }
  /** The run goes on for so long in wall time after its end was due. */
  | { readonly kind: 'stall'; readonly device: string; readonly forMs: number }
  /** Every later run takes that many times as long in lab time. */
  | { readonly kind: 'slow'; readonly device: string; readonly factor: number }
  /** A person scans the wrong labware at the next move. */
  | { readonly kind: 'mis-scan'; readonly device: string }
  /** The instrument says that all is done after so many transfers. */
  | { readonly kind: 'lie'; readonly device: string; readonly afterTransfers: number }
  /** The whole lab goes dark; running work stays where it is. */
  | { readonly kind: 'power-loss' };

const perDevice: ReadonlySet<string> = new Set(['crash', 'gone', 'repair', 'stall', 'slow', 'mis-scan', 'lie']);

/** Reads a fault. @returns undefined when it is none this lab knows. */
export function parseFault(value: unknown): Fault | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { kind, device } = value as { kind?: unknown; device?: unknown };
  if (kind === 'power-loss') return { kind };
  return typeof kind === 'string' && perDevice.has(kind) && typeof device === 'string' ? (value as Fault) : undefined;
}

/** Faults that wait for the next run of their device. */
export class ArmedFaults {
  private readonly waiting: Fault[] = [];
  private readonly slowness = new Map<string, number>();

  /** Keeps a fault for the next run; slowness stays. */
  arm(fault: Fault): void {
    if (fault.kind === 'slow') this.slowness.set(fault.device, fault.factor);
    else this.waiting.push(fault);
  }

  /** Takes the first waiting fault of these kinds for a device. */
  take<K extends Fault['kind']>(device: string, ...kinds: readonly K[]): Extract<Fault, { kind: K }> | undefined {
    const at = this.waiting.findIndex(
      (fault) => 'device' in fault && fault.device === device && (kinds as readonly string[]).includes(fault.kind),
    );
    return at < 0 ? undefined : (this.waiting.splice(at, 1)[0] as Extract<Fault, { kind: K }>);
  }

  /** How many times as long the runs of a device take. */
  slownessOf(device: string): number {
    return this.slowness.get(device) ?? 1;
  }
}
