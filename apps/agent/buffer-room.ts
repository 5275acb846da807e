import type { BufferedFiles } from './buffered-files';
import { freeBytes } from './node-ports';

/** How much the results of all devices of an agent may take. */
export interface RoomLimits {
  readonly limitBytes: number;
  /** What stays free on the disk. */
  readonly floorBytes: number;
  /** Folder on that disk. */
  readonly dir: string;
}

const mib = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MiB`;

/** Whether the results of further work could be kept. What is there is never dropped to make room: the agent takes no more work. */
export class BufferRoom {
  private readonly buffers = new Set<BufferedFiles>();

  constructor(private readonly limits: RoomLimits) {}

  /** Counts a device's buffer in. */
  include(buffer: BufferedFiles): void {
    this.buffers.add(buffer);
  }

  /** Counts it out again. */
  exclude(buffer: BufferedFiles): void {
    this.buffers.delete(buffer);
  }

  /** Why no further work is taken; undefined when there is room. */
  async refusal(): Promise<string | undefined> {
    const { limitBytes, floorBytes, dir } = this.limits;
    const bytes = [...this.buffers].reduce((sum, buffer) => sum + buffer.bytes, 0);
    if (bytes >= limitBytes) return `results that wait for the api take ${mib(bytes)} of ${mib(limitBytes)}`;
    const free = floorBytes > 0 ? await freeBytes(dir) : Infinity;
    return free < floorBytes ? `the disk has ${mib(free)} free, less than ${mib(floorBytes)}` : undefined;
  }
}
