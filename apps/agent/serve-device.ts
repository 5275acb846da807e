import { join } from 'node:path';
import { DomainError, isDomainError } from '../../libs/errors/domain-error';
import type { AgentConfig } from '../../libs/platform/config/agent-config';
import type { DeviceAdapter } from './adapters/adapter';
import type { FileDropConfig } from './adapters/file-drop';
import { FileDropAdapter } from './adapters/file-drop';
import { VirtualAdapter } from './adapters/virtual';
import type { DeviceStatus } from './agent-status';
import type { BufferRoom } from './buffer-room';
import { BufferedFiles } from './buffered-files';
import { fixedCredential } from './credential';
import { DeviceAgent } from './device-agent';
import { DeviceApi } from './device-api';
import { lockDevice } from './device-lock';
import { Journal } from './journal';
import type { Log } from './log';
import { logFor } from './log';
import { DiskFiles, fetchSend, MachineClock } from './node-ports';
import type { AgentClock } from './ports';
import { StoredCredential } from './stored-credential';

/** One device this agent serves, as the devices file names it. */
export interface ServedDevice {
  readonly code: string;
  /** Its credential; or `enrolmentCode`, exchanged once for one that the agent keeps in the folder of the device. */
  readonly token?: string;
  readonly enrolmentCode?: string;
  readonly adapter: 'virtual' | 'file-drop';
  /** Of a `file-drop` device: its folders. */
  readonly fileDrop?: FileDropConfig;
}

/** Everything open of one device. */
interface Opened {
  readonly credential: StoredCredential | undefined;
  readonly files: DiskFiles;
  readonly buffer: BufferedFiles;
  readonly agent: DeviceAgent;
}

const againMs = 5_000;

/** Serves one device: its lock, its folder, its agent. An agent that breaks off is begun anew from its journal. */
export class DeviceServer {
  private readonly clock = new MachineClock();
  private readonly log: Log;
  private readonly dir: string;
  private readonly stopping = new AbortController();
  private unlock: (() => void) | undefined;
  private opened: Opened | undefined;
  private trouble = 'not begun';

  constructor(
    private readonly device: ServedDevice,
    private readonly config: AgentConfig,
    private readonly room: BufferRoom,
  ) {
    this.log = logFor(device.code);
    this.dir = join(config.dataDir, 'agent', device.code);
  }

  /**
   * Takes the device and reads its journal.
   * @throws DomainError `stack-already-running` when another agent has it, JournalDamaged when it cannot be told what was done
   */
  async open(): Promise<void> {
    try {
      const files = await DiskFiles.open(this.dir);
      this.unlock ??= lockDevice(join(this.dir, 'lock'));
      this.opened = await this.assemble(files);
    } catch (error) {
      this.trouble = error instanceof Error ? error.message : String(error);
      this.log('error', `not served: ${this.trouble}`);
      throw error;
    }
  }

  /** Works until `stop`; a device that was not opened, or whose enrolment code is not taken, is left alone. */
  async serve(): Promise<void> {
    while (this.opened && !this.stopping.signal.aborted) {
      const { agent, credential } = this.opened;
      const failure = await this.work(agent, credential).catch((error: unknown) => error);
      if (failure) this.log('error', `broke off: ${String(failure)}`);
      await this.close(failure ? `broke off: ${String(failure)}` : 'stopped');
      if (isDomainError(failure)) break;
      while (!this.opened && !this.stopping.signal.aborted) {
        await this.clock.pause(againMs, this.stopping.signal);
        await this.open().catch(() => undefined);
      }
    }
    await this.close('stopped');
    this.unlock?.();
  }

  /** Ends the work; `serve` then resolves. */
  stop(): void {
    this.stopping.abort();
    this.opened?.agent.stop();
  }

  /** What the agent has at hand, or why there is none. */
  get status(): DeviceStatus | Pick<DeviceStatus, 'device' | 'takingWork' | 'reason'> {
    return this.opened?.agent.status ?? { device: this.device.code, takingWork: false, reason: this.trouble };
  }

  private async work(agent: DeviceAgent, credential: StoredCredential | undefined): Promise<void> {
    await credential?.obtain(this.stopping.signal);
    await agent.run();
  }

  private async assemble(files: DiskFiles): Promise<Opened> {
    const { config, clock, log, device } = this;
    const { code } = device;
    const adapter = adapterOf(device, config, clock);
    const send = fetchSend(config.apiUrl);
    const journal = await Journal.open({ files, clock });
    const buffer = await BufferedFiles.open(files);
    const rotateAfterMs = config.rotateDays * 86_400_000;
    const stored = device.enrolmentCode ? await StoredCredential.open({ code, files, clock, send, log, rotateAfterMs, enrolmentCode: device.enrolmentCode }) : undefined; // prettier-ignore
    const credential = stored ?? fixedCredential(tokenOf(device));
    const agent = new DeviceAgent({
      code,
      api: new DeviceApi({ code, send, credential }),
      adapter,
      journal,
      buffer,
      clock,
      log,
      longPollMs: config.longPollMs,
      heartbeatMs: config.heartbeatMs,
      stopWithinMs: config.stopMs,
      bufferForMs: config.bufferHours * 3_600_000,
      room: () => this.room.refusal(),
      betweenJobs: () => stored?.rotateIfDue() ?? Promise.resolve(),
    });
    this.room.include(buffer);
    return { files, buffer, agent, credential: stored };
  }

  private async close(why: string): Promise<void> {
    if (!this.opened) return;
    this.trouble = why;
    this.room.exclude(this.opened.buffer);
    await this.opened.files.close();
    this.opened = undefined;
  }
}

function tokenOf({ code, token }: ServedDevice): string {
  if (token) return token;
  throw new DomainError(
    'config-invalid',
    `Expected a token or an enrolmentCode for the device ${code}, found neither.`,
  );
}

/** The adapter a device of the devices file is driven by. @throws DomainError `config-invalid` */
function adapterOf({ adapter, code, fileDrop }: ServedDevice, config: AgentConfig, clock: AgentClock): DeviceAdapter {
  switch (adapter) {
    case 'virtual':
      if (!config.labUrl) throw new DomainError('config-invalid', 'LAB_URL is not set; the virtual adapter needs it.');
      return new VirtualAdapter(config.labUrl, code);
    case 'file-drop':
      return new FileDropAdapter(checkedFolders(code, fileDrop), clock);
    default:
      throw new DomainError('config-invalid', `Expected the adapter "virtual" or "file-drop" for ${code}, found "${String(adapter)}".`); // prettier-ignore
  }
}

function checkedFolders(code: string, config: FileDropConfig | undefined): FileDropConfig {
  const missing = (['stagingDir', 'inboxDir', 'outboxDir'] as const).find((name) => !config?.[name]);
  if (config && !missing) return config;
  throw new DomainError('config-invalid', `Expected fileDrop.${missing} for the device ${code}, found nothing.`);
}
