import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { FakeApi } from '../agent/fake-api';

describe('the example robot in Python', () => {
  it('leases, starts and finishes jobs with the standard library alone', async () => {
    const api = new FakeApi(['one', 'two'], 'Transfer Volume,Transfer Ordinal\n5000,1\n5000,2\n');
    const url = await api.server.listen();
    const robot = spawn('python3', [join(__dirname, 'robot.py'), url, 'token', 'lh-1', '2'], { stdio: 'ignore' });
    const code = await new Promise((resolve) => robot.once('exit', resolve));
    expect(code).toBe(0);
    expect(api.dispatches.map(({ state, outcome }) => [state, outcome?.transfers?.done])).toEqual([
      ['succeeded', [[1, 1], [2, 2]]],
      ['succeeded', [[1, 1], [2, 2]]],
    ]); // prettier-ignore
    await api.server.close();
  }, 20_000);
});
