import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../agent/killable-process';
import { testServer } from '../../libs/testing/database';
import type { PostgresServer } from '../../libs/testing/postgres';
import { conformance } from './robot/run';
import type { Conformance } from './robot/run';
import { scenarios } from './robot/scenarios';

const example = join(__dirname, '..', 'examples', 'robot.py');

describe('the conformance suite for robots', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await testServer();
  });
  afterAll(() => server.stop());

  /** A program is told where everything is, in the order of robot.py; the agent its folder, too. */
  const play = (program: string, ...only: string[]): Promise<Conformance & { said: string[] }> => {
    const said: string[] = [];
    const order = { command: `${program} {api} {token} {device} {panel}${program.startsWith('node') ? ' {dir}' : ''}`, only, parallel: 4, say: (line: string) => said.push(line) }; // prettier-ignore
    return conformance(server, order).then((result) => ({ ...result, said }));
  };

  it('is passed by the example robot', async () => {
    const { said, ...result } = await play(`python3 ${example}`);
    expect(said.filter((line) => !line.startsWith('ok'))).toEqual([]);
    expect(result).toEqual({ scenarios: scenarios.length, passed: scenarios.length, failed: [], doubledTriggers: 0 });
  }, 240_000);

  it('is passed by the shipped agent', async () => {
    const agent = bundle(join(__dirname, 'shipped-agent.ts'), mkdtempSync(join(tmpdir(), 'anneal-agent-')));
    const kills = ['killed after the start', 'killed before the trigger', 'killed after the trigger', 'killed before the outcome']; // prettier-ignore
    const names = scenarios
      .map(({ name }) => name)
      .filter((name) => !name.startsWith('killed') || kills.includes(name));
    const { said, ...result } = await play(`node ${agent}`, ...names);
    expect(said.filter((line) => !line.startsWith('ok'))).toEqual([]);
    expect(result).toMatchObject({ passed: names.length, doubledTriggers: 0 });
  }, 240_000);

  /** The example with one of its lines made wrong. */
  function spoilt(name: string, right: string, wrong: string): string {
    const text = readFileSync(example, 'utf8');
    if (text.split(right).length !== 2) throw new Error(`"${right}" is not once in the example`);
    const path = join(mkdtempSync(join(tmpdir(), 'anneal-robot-')), `${name}.py`);
    writeFileSync(path, text.replace(right, wrong));
    return `python3 ${path}`;
  }

  it.each([
    {
      name: 'triggers again after a crash',
      right: 'elif "triggered" in seen[id]: find_out(id)',
      wrong: 'elif "triggered" in seen[id]: once(f"{panel}/start", {"dispatchId": id}), find_out(id)',
      fails: ['killed after the trigger', 'killed before a look at the run'],
      passes: ['one job'],
      doubled: 2,
    },
    {
      name: 'moves although its start was refused',
      right: 'return give_back(id, f"not started: {why}"[:500])',
      wrong: 'started = {}',
      fails: ['start refused', 'start granted, its answer lost', 'superseded before the start'],
      passes: ['one job'],
      doubled: 0,
    },
    {
      name: 'does not look at the hash of its worklist',
      right: '.hexdigest() != wanted',
      wrong: '.hexdigest() == ""',
      fails: ['wrong worklist bytes'],
      passes: ['a worklist, fetched before the start'],
      doubled: 0,
    },
    {
      name: 'repeats its trigger when there is no answer',
      right: 'try: once(f"{panel}/start"',
      wrong: 'try: ask(f"{panel}/start"',
      fails: ['trigger done, its answer lost'],
      passes: ['one job'],
      doubled: 1,
    },
  ])(
    'notices a robot that $name',
    async ({ name, right, wrong, fails, passes, doubled }) => {
      const result = await play(spoilt(name.replaceAll(' ', '-'), right, wrong), ...fails, ...passes);
      expect(result.failed).toEqual(fails);
      expect(result.doubledTriggers).toBeGreaterThanOrEqual(doubled);
    },
    120_000,
  );
});
