import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

/** Where a robot program finds what it needs; `{api}`, `{token}`, `{device}`, `{panel}`, `{dir}` in its command. */
export interface RobotPlaces {
  readonly api: string;
  readonly token: string;
  readonly device: string;
  readonly panel: string;
  /** A folder that outlives the program. */
  readonly dir: string;
}

/** A robot program under test, killed without warning and begun again. */
export class RobotProcess {
  /** What it said, over all its lives. */
  said = '';
  private child: ChildProcess | undefined;
  private closed: Promise<void> = Promise.resolve();

  constructor(
    private readonly command: string,
    private readonly places: RobotPlaces,
  ) {}

  /** Whether it runs. */
  get alive(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  start(): void {
    const [program = '', ...words] = wordsOf(this.command).map((word) =>
      word.replace(/\{(api|token|device|panel|dir)\}/g, (_all, name: keyof RobotPlaces) => this.places[name]),
    );
    const env = { ...process.env, ROBOT_DIR: this.places.dir };
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'], env });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text: Buffer) => (this.said = (this.said + text.toString()).slice(-20_000)));
    this.closed = new Promise((done) => {
      child.once('close', () => done());
      child.once('error', (error) => {
        this.said += String(error);
        done();
      });
    });
    this.child = child;
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    this.child?.kill('SIGKILL');
    await this.closed;
  }
}

/** Words of a command line; double quotes keep words together. */
function wordsOf(command: string): string[] {
  return [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}
