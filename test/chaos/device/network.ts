import type { ApiRequest, ApiResponse, Send } from '../../../apps/agent/ports';
import type { Generator } from '../../../libs/random/generator';
import type { Profile } from './profile';
import type { Pending, Turns } from './turns';

/** The api, at the end of the wire. Undefined: it broke off without an answer. */
export type Serve = (request: ApiRequest) => Promise<ApiResponse | undefined>;

/** Owner of messages under way: they outlive who sent them. */
export const onTheWire = 'net';
/** A poll that finds no work is answered after this long at the latest, ms. */
const longestPollMs = 900_000;

interface Message {
  readonly request: ApiRequest;
  readonly owner: string;
  readonly name: string;
  readonly device: string;
  readonly since: number;
  over: boolean;
  timer?: Pending;
  readonly hangUp: () => void;
  readonly resolve: (response: ApiResponse) => void;
  readonly reject: (error: Error) => void;
}

/** Everything between the agents and the api: messages are lost, late, doubled and out of order as the profile says. */
export class Network {
  /** Polls that found no work and wait for news. */
  private readonly polls = new Set<Message>();
  private readonly mixedUp = new Set<string>();
  /** Leases granted, by device: an answer may turn up once more. */
  private readonly granted = new Map<string, ApiResponse[]>();

  constructor(
    private readonly turns: Turns,
    private readonly random: Generator,
    private readonly profile: Profile,
    private readonly serve: Serve,
  ) {}

  /** The port of one process. @param label short text of a request for the schedule */
  sendOf(owner: string, device: string): Send {
    return (request) =>
      new Promise((resolve, reject) => {
        const name = `${request.method} ${shortPath(request.path)}`;
        const hangUp = (): void => this.fail(message, 'aborted');
        const since = this.turns.now;
        const message: Message = { request, owner, name, device, since, over: false, hangUp, resolve, reject };
        request.signal?.addEventListener('abort', hangUp);
        if (request.signal?.aborted) return this.fail(message, 'aborted');
        if (!isPoll(request)) {
          message.timer = this.turns.later(owner, `${name} times out`, request.timeoutMs, () =>
            this.fail(message, 'no answer in time'),
          );
        }
        this.dispatch(message);
      });
  }

  /** The next poll of a device may be given what was meant for another. */
  mixUp(device: string): void {
    this.mixedUp.add(device);
  }

  /** Whether a poll waits that found no work. */
  get waitsForWork(): boolean {
    return this.polls.size > 0;
  }

  /** There is work for these devices: their polls look again. */
  news(devices: ReadonlySet<string>): void {
    for (const poll of this.polls) {
      if (!devices.has(poll.device)) continue;
      this.polls.delete(poll);
      if (!poll.over) this.arriveIn(poll, 0);
    }
  }

  private dispatch(message: Message): void {
    if (this.profile.hits('request-lost')) return this.lose(message, 'request lost');
    this.arriveIn(message, this.profile.hits('late') ? 1_000 * (1 + this.random.below(120)) : 0);
    if (!isPoll(message.request) && this.profile.hits('doubled')) {
      this.turns.later(onTheWire, `${message.name} arrives again`, 1_000 * this.random.below(90), () =>
        this.serve(message.request),
      );
    }
  }

  /** A broken connection is noticed at once, or only by the sender's patience. */
  private lose(message: Message, why: string): void {
    this.turns.note(`${message.name}: ${why}`);
    if (isPoll(message.request) || this.random.uniform() < 0.5) {
      this.turns.later(message.owner, `${message.name} breaks off`, 0, () => this.fail(message, why));
    }
  }

  private arriveIn(message: Message, inMs: number): void {
    this.turns.later(onTheWire, `${message.name} arrives`, inMs, () => this.arrive(message));
  }

  private async arrive(message: Message): Promise<void> {
    const { request, device } = message;
    const stale = isPoll(request) && !message.over ? this.staleFor(device) : undefined;
    if (stale) return this.answer(message, stale);
    // Whoever hung up on a poll does not ask any more; other requests are carried out all the same.
    if (isPoll(request) && message.over && this.random.uniform() < 0.7) return;
    const response = await this.serve(isPoll(request) ? atOnce(request) : request);
    if (!response) return this.lose(message, 'broken off by the api');
    if (isPoll(request) && response.status === 204 && this.waits(message)) return;
    if (isPoll(request) && response.status === 200)
      this.granted.set(device, [...(this.granted.get(device) ?? []), response]);
    if (this.profile.hits('answer-lost')) return this.lose(message, 'answer lost');
    const lateMs = this.profile.hits('late') ? 1_000 * (1 + this.random.below(120)) : 0;
    this.turns.later(message.owner, `${message.name} answered ${response.status}`, lateMs, () =>
      this.answer(message, response),
    );
  }

  private staleFor(device: string): ApiResponse | undefined {
    const answers = this.granted.get(device);
    const factor = this.mixedUp.delete(device) ? 2 : 1;
    if (!answers?.length || !this.profile.hits('stale-lease', factor)) return undefined;
    this.turns.note(`a stale lease turns up for ${device}`);
    return this.random.uniform() < 0.6 ? answers.at(-1) : answers[this.random.below(answers.length)];
  }

  private waits(message: Message): boolean {
    const restMs = message.since + longestPollMs - this.turns.now;
    if (restMs <= 0) return false;
    this.polls.add(message);
    const timer = this.turns.later(message.owner, `${message.name} ends empty`, restMs, () => {
      this.polls.delete(message);
      this.answer(message, { status: 204, body: new Uint8Array() });
    });
    if (message.timer) this.turns.cancel(message.timer);
    message.timer = timer;
    return true;
  }

  private answer(message: Message, response: ApiResponse): void {
    if (!this.close(message)) return;
    message.resolve(response);
  }

  private fail(message: Message, why: string): void {
    if (!this.close(message)) return;
    message.reject(new Error(why));
  }

  private close(message: Message): boolean {
    if (message.over) return false;
    message.over = true;
    this.polls.delete(message);
    message.request.signal?.removeEventListener('abort', message.hangUp);
    if (message.timer) this.turns.cancel(message.timer);
    return true;
  }
}

const isPoll = ({ path }: ApiRequest): boolean => path.endsWith('/leases');

/** The wait of a poll passes here, in virtual time. */
function atOnce(request: ApiRequest): ApiRequest {
  const asked = JSON.parse(Buffer.from(request.body ?? '{}').toString('utf8')) as Record<string, unknown>;
  return { ...request, body: JSON.stringify({ ...asked, waitMs: 0 }) };
}

/** Ids and hashes in short. */
const shortPath = (path: string): string =>
  path
    .replace(/[0-9a-f]{64}/g, (hash) => hash.slice(0, 6))
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => id.slice(0, 6));
