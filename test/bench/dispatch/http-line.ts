import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** What a server answered. */
export interface LineAnswer {
  readonly status: number;
  readonly body: string;
}

interface Pending {
  readonly answered: (answer: LineAnswer) => void;
  readonly failed: (error: Error) => void;
}

const headEnd = '\r\n\r\n';

/**
 * One kept-alive HTTP/1.1 connection that sends one request at a time. Many of them cost little in one process, so that
 * what is measured is the server. Only answers with a stated length are understood; a broken connection is made anew.
 */
export class HttpLine {
  private socket: Socket | undefined;
  private pending: Pending | undefined;
  private received = '';

  constructor(
    private readonly url: URL,
    private readonly token: string,
  ) {}

  /** Posts JSON. @throws Error when the connection breaks before the answer is whole */
  post(path: string, body: unknown): Promise<LineAnswer> {
    const payload = JSON.stringify(body);
    const text =
      `POST ${path} HTTP/1.1\r\nhost: ${this.url.host}\r\nauthorization: Bearer ${this.token}\r\n` +
      `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(payload)}\r\n\r\n${payload}`;
    return new Promise((answered, failed) => {
      this.pending = { answered, failed };
      this.open().write(text);
    });
  }

  /** Hangs up, in the middle of a request or between two. */
  close(): void {
    this.socket?.destroy();
    this.socket = undefined;
  }

  private open(): Socket {
    if (this.socket) return this.socket;
    const socket = connect({ host: this.url.hostname, port: Number(this.url.port), noDelay: true, keepAlive: true });
    this.socket = socket;
    this.received = '';
    socket.setEncoding('latin1');
    socket.on('data', (part: string) => this.read(part));
    socket.on('error', (error) => this.broke(socket, error));
    socket.on('close', () => this.broke(socket, new Error('the connection closed')));
    return socket;
  }

  private broke(socket: Socket, error: Error): void {
    if (this.socket === socket) this.socket = undefined;
    const { pending } = this;
    this.pending = undefined;
    pending?.failed(error);
  }

  private read(part: string): void {
    this.received += part;
    const end = this.received.indexOf(headEnd);
    if (end < 0) return;
    const head = this.received.slice(0, end).toLowerCase();
    const status = Number(head.slice(9, 12));
    const length = Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1] ?? (status === 204 ? 0 : Number.NaN));
    const from = end + headEnd.length;
    if (Number.isNaN(length)) return this.broke(this.open(), new Error(`an answer without a length: ${head}`));
    if (this.received.length < from + length) return;
    const body = Buffer.from(this.received.slice(from, from + length), 'latin1').toString('utf8');
    this.received = this.received.slice(from + length);
    const { pending } = this;
    this.pending = undefined;
    pending?.answered({ status, body });
  }
}
