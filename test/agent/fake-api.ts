import { createHash } from 'node:crypto';
import type { Send } from '../../apps/agent/ports';
import type { LeasedJob, Outcome } from '../../libs/device/job';
import type { FakeAnswer, FakeRequest } from './http-fake';
import { FakeServer, jsonOf, problem } from './http-fake';

type State = 'queued' | 'leased' | 'started' | 'unknown' | 'succeeded' | 'failed';

/** A dispatch as the fake api keeps it. */
export interface FakeDispatch {
  readonly id: string;
  state: State;
  token: bigint;
  outcome?: Outcome;
  heartbeats: number;
}

/**
 * The device protocol over a list of dispatches. `deviceDied` is what the sweeper does after silence: leased goes back to the
 * queue, started becomes unknown, and while one is unknown the device gets no work.
 */
export class FakeApi {
  readonly dispatches: FakeDispatch[];
  readonly uploaded = new Map<string, Buffer>();
  readonly server = new FakeServer((request) => this.handle(request));
  /** While true every request is answered 503. */
  away = false;
  /** What devices said of themselves, in order. */
  readonly conditions: unknown[] = [];
  readonly selfTests: unknown[] = [];
  /** While true a request for work is answered by a request for a self-test. */
  wantsSelfTest = false;
  leaseMs = 300;
  private lastToken = 0n;
  private readonly waiting = new Set<() => void>();

  private readonly worklist: Buffer;

  constructor(ids: readonly string[], worklist = 'the worklist') {
    this.worklist = Buffer.from(worklist);
    this.dispatches = ids.map((id) => ({ id, state: 'queued', token: 0n, heartbeats: 0 }));
  }

  /** Resolves when the condition holds, looked at after every request. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!condition()) return;
        this.waiting.delete(look);
        resolve();
      };
      this.waiting.add(look);
      look();
    });
  }

  /** All dispatches have ended. */
  get settled(): boolean {
    return this.dispatches.every(({ state }) => state === 'succeeded' || state === 'failed');
  }

  deviceDied(): void {
    for (const dispatch of this.dispatches) {
      if (dispatch.state === 'leased') dispatch.state = 'queued';
      if (dispatch.state === 'started') dispatch.state = 'unknown';
    }
  }

  /** Answers a request as the server does, without one. */
  readonly send: Send = ({ method, path, body }) => {
    const url = new URL(path, 'http://fake');
    const sent = Buffer.from(body ?? '');
    const answer = this.handle({ method, path: url.pathname, query: url.searchParams, body: sent });
    if (answer === 'never') return Promise.reject(new Error('no answer'));
    const bytes = answer.bytes ?? Buffer.from(answer.json === undefined ? '' : JSON.stringify(answer.json));
    return Promise.resolve({ status: answer.status, body: bytes });
  };

  private handle(request: FakeRequest): FakeAnswer {
    const answer = this.away ? problem(503, 'away') : this.route(request);
    setImmediate(() => [...this.waiting].forEach((look) => look()));
    return answer;
  }

  private route(request: FakeRequest): FakeAnswer {
    const [, , kind, id, action] = request.path.split('/');
    if (kind === 'devices') return this.ofDevice(action as string, request);
    if (kind === 'files') return { status: 200, bytes: this.worklist };
    const dispatch = this.dispatches.find((candidate) => candidate.id === id);
    if (!dispatch) return problem(404, 'not-found');
    if (action === 'uploads') return this.upload(request);
    const body = jsonOf<{ token: string; outcome?: Outcome }>(request);
    if (BigInt(body.token) !== dispatch.token) return problem(409, 'token-superseded');
    switch (action) {
      case 'start':
        return this.start(dispatch);
      case 'heartbeats':
        dispatch.heartbeats++;
        return dispatch.state === 'started'
          ? { status: 200, json: { leaseMs: this.leaseMs } }
          : problem(409, 'illegal-transition');
      case 'release':
        if (dispatch.state !== 'leased') return problem(409, 'illegal-transition');
        dispatch.state = 'queued';
        return { status: 200, json: {} };
      default:
        return this.settle(dispatch, body.outcome as Outcome);
    }
  }

  private ofDevice(action: string, request: FakeRequest): FakeAnswer {
    if (action === 'leases') return this.lease();
    if (action === 'condition') this.conditions.push(jsonOf(request));
    if (action === 'self-test') this.wantsSelfTest = this.selfTests.push(jsonOf(request)) < 1;
    return { status: 204 };
  }

  private lease(): FakeAnswer {
    if (this.wantsSelfTest)
      return { status: 409, json: { type: 'not-leasable', detail: 'quarantined', selfTest: true } };
    if (this.dispatches.some(({ state }) => ['leased', 'started', 'unknown'].includes(state))) return { status: 204 };
    const dispatch = this.dispatches.find(({ state }) => state === 'queued');
    if (!dispatch) return { status: 204 };
    dispatch.state = 'leased';
    dispatch.token = ++this.lastToken;
    return { status: 200, json: leasedJob(dispatch, this.worklist, this.leaseMs) };
  }

  private start(dispatch: FakeDispatch): FakeAnswer {
    if (dispatch.state !== 'leased') return problem(409, 'illegal-transition');
    dispatch.state = 'started';
    const labNow = '2026-03-02T08:00:00.000Z';
    return { status: 200, json: { labNow, untilLabTime: labNow, leaseMs: this.leaseMs } };
  }

  private upload(request: FakeRequest): FakeAnswer {
    const sha256 = request.path.split('/')[5] as string;
    this.uploaded.set(sha256, request.body);
    return { status: 204 };
  }

  private settle(dispatch: FakeDispatch, outcome: Outcome): FakeAnswer {
    if (dispatch.state === 'succeeded' || dispatch.state === 'failed') return { status: 200, json: { state: dispatch.state } }; // prettier-ignore
    if (dispatch.state !== 'started' && dispatch.state !== 'unknown') return problem(409, 'illegal-transition');
    if (outcome.files.some(({ sha256 }) => !this.uploaded.has(sha256))) return problem(422, 'upload-incomplete');
    dispatch.state = outcome.result;
    dispatch.outcome = outcome;
    return { status: 200, json: { state: dispatch.state } };
  }
}

function leasedJob({ id, token }: FakeDispatch, worklist: Buffer, leaseMs: number): LeasedJob {
  const sha256 = createHash('sha256').update(worklist).digest('hex');
  return {
    protocolVersion: 1,
    dispatchId: id,
    jobId: id,
    stepKey: `r1/test/${id}`,
    attempt: 1,
    fencingToken: String(token),
    leaseMs,
    spec: {
      version: 1,
      operation: 'transfer',
      capability: 'transfer-liquid',
      parameters: {},
      labware: [],
      durationMs: 1_000,
      attended: false,
      effects: [],
      summary: id,
    },
    worklist: { sha256, bytes: worklist.byteLength, name: 'worklist.csv', mediaType: 'text/csv' },
    labNow: '2026-03-02T08:00:00.000Z',
  };
}
