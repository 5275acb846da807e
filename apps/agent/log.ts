/** Writes one line for people and machines; level first, then what happened. */
export type Log = (level: 'info' | 'warn' | 'error', message: string) => void;

/** Logs JSON lines to standard error, in the name of a device. */
export function logFor(device: string): Log {
  return (level, message) => {
    const line = { level, at: new Date().toISOString(), process: 'agent', device, message };
    process.stderr.write(`${JSON.stringify(line)}\n`);
  };
}
