import { writeFileSync } from 'node:fs';
import { AnnealClient } from '../../libs/client/client';
import { explain } from './explain';
import { openSession } from './session';

const thrown = async (act: () => unknown): Promise<string> => {
  try {
    await act();
  } catch (error) {
    return explain(error);
  }
  throw new Error('expected a failure, found none');
};

describe('what a person is told about ordinary trouble', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['an api that is away', () => new AnnealClient({ baseUrl: 'http://127.0.0.1:2', token: 't' }).get('/v1'), /^no answer: http:\/\/127\.0\.0\.1:2 does not answer \(ECONNREFUSED\).*npm run dev/],
    ['an --api that is no URL', () => openSession({ api: 'nowhere', token: 't' }), /expected an api such as .* found "nowhere"/],
    ['a --role that is none', () => openSession({ role: 'king' }), /scientist, operator, pi, ops, biosafety.* found "king"/],
    ['an --out in no folder', () => writeFileSync('/no-such-folder/report.txt', ''), /^\/no-such-folder\/report\.txt: there is no such file or folder$/],
  ])('is one line for %s', async (_what, act, line) => {
    const told = await thrown(act);
    expect(told).toMatch(line);
    expect(told).not.toContain('\n');
  }); // prettier-ignore

  it('is the stack for a bug', () => {
    expect(explain(new RangeError('odd'))).toMatch(/RangeError: odd\n {4}at /);
  });
});
