/**
 * Outlives the supervisor just long enough to stop what it started.
 *
 * Reads `+ <pid> <signal>` and `- <pid>` lines; when its standard input ends, because the supervisor is gone in
 * whatever way, it sends each remaining process its signal and, after a grace, SIGKILL to its group.
 */
const graceMs = 5_000;
const watched = new Map();
let rest = '';

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

process.stdin.setEncoding('utf8');
process.stdin.on('data', (text) => {
  const lines = (rest + text).split('\n');
  rest = lines.pop() ?? '';
  for (const line of lines) {
    const [verb, pid, signal] = line.split(' ');
    if (verb === '+') watched.set(Number(pid), signal);
    else watched.delete(Number(pid));
  }
});
process.stdin.on('end', reap);

function reap() {
  for (const [pid, signal] of [...watched].reverse()) send(pid, signal);
  const deadline = Date.now() + graceMs;
  const timer = setInterval(() => {
    for (const pid of watched.keys()) if (!send(pid, 0)) watched.delete(pid);
    if (Date.now() > deadline) {
      for (const pid of watched.keys()) send(-pid, 'SIGKILL');
      watched.clear();
    }
    if (watched.size === 0) clearInterval(timer);
  }, 20);
}

function send(pid, signal) {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    return error.code === 'EPERM';
  }
}
