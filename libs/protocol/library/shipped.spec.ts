import { parseDuration } from '../../units/lab-time';
import { parseProtocol } from '../document/parse-protocol';
import type { Protocol, Step } from '../protocol';
import { isBranch, isOperation, isPlan, isRepeat } from '../protocol';
import { loadShippedProtocol, shippedProtocols } from './shipped';

function flatten(steps: readonly Step[]): Step[] {
  return steps.flatMap((step) => {
    if (isRepeat(step)) return [step, ...flatten(step.repeat)];
    if (isBranch(step)) return [step, ...Object.values(step.cases).flatMap(flatten)];
    return [step];
  });
}

const operationsOf = (protocol: Protocol): string[] =>
  flatten(protocol.steps).flatMap((step) => (isOperation(step) ? [step.operation] : []));

describe('the protocol library', () => {
  it('ships two build protocols and two test protocols', () => {
    expect(shippedProtocols().map(({ id, version, stage }) => `${stage} ${id}@${version}`)).toEqual([
      'build golden-gate-one-level@1',
      'build golden-gate-two-level@1',
      'test plate-endpoint@1',
      'test plate-kinetic@1',
    ]);
  });

  it.each(shippedProtocols().map((protocol) => [protocol.id, protocol] as const))(
    'validates %s without a warning',
    (_, protocol) => {
      expect(parseProtocol(protocol.sourceText)).toMatchObject({ ok: true, warnings: [] });
    },
  );

  it('joins units in a second level only in the two-level protocol', () => {
    const levels = (id: string): unknown[] =>
      flatten(loadShippedProtocol(id, '1').steps).flatMap((step) =>
        isPlan(step) && step.plan === 'assembly' ? [step.inputs.level] : [],
      );
    expect(levels('golden-gate-one-level')).toEqual([1]);
    expect(levels('golden-gate-two-level')).toEqual([1, 2]);
  });

  it('verifies clones by sequence in both build protocols', () => {
    for (const id of ['golden-gate-one-level', 'golden-gate-two-level'])
      expect(operationsOf(loadShippedProtocol(id, '1'))).toEqual(expect.arrayContaining(['sequence', 'pick-colonies']));
  });

  it('reads over time in one test protocol and once in the other', () => {
    const every = (id: string): unknown[] =>
      flatten(loadShippedProtocol(id, '1').steps).flatMap((step) =>
        isOperation(step) && step.operation === 'read-plate' && step.with.every !== undefined ? [step.with.every] : [],
      );
    expect(every('plate-kinetic').map((text) => parseDuration(String(text)))).toEqual([600_000]);
    expect(every('plate-endpoint')).toEqual([]);
  });

  it('turns holds into milliseconds', () => {
    const holds = flatten(loadShippedProtocol('plate-endpoint', '1').steps).flatMap((step) =>
      isOperation(step) && step.hold ? [step.hold] : [],
    );
    expect(holds).toEqual([
      { minMs: 57_600_000, maxMs: 72_000_000 },
      { minMs: 18_000_000, maxMs: 19_800_000 },
    ]);
  });

  it('names what there is when a protocol is unknown', () => {
    expect(() => loadShippedProtocol('golden-gate', '1')).toThrow(
      /no protocol golden-gate@1; there is golden-gate-one/,
    );
  });
});
