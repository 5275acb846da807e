import fc from 'fast-check';
import { markdownToHtml } from './markdown';

describe('markdownToHtml', () => {
  it.each([
    ['# A `b` & c', '<h1 id="a-b-c">A <code>b</code> &amp; c</h1>'],
    ['one\ntwo\n\nthree', '<p>one two</p>\n<p>three</p>'],
    ['```yaml\na: **b** <c>\n\n# no heading\n```\nafter', '<pre>a: **b** &lt;c&gt;\n\n# no heading</pre>\n<p>after</p>'],
    ['| a | b |\n|---|---|\n| `x` | 1 \\| 2 |', '<table><tr><th>a</th><th>b</th></tr><tr><td><code>x</code></td><td>1 | 2</td></tr></table>'],
    ['* one\n  goes on\n* two', '<ul><li>one goes on</li><li>two</li></ul>'],
    ['1. one\n2. two', '<ol><li>one</li><li>two</li></ol>'],
    ['**bold** and `**code**`', '<p><b>bold</b> and <code>**code**</code></p>'],
    ['[robot](robot.md#states)', '<p><a href="/docs/robot#states">robot</a></p>'],
    ['[ui](http://example.org/a)', '<p><a href="http://example.org/a">ui</a></p>'],
    ['<!-- table: steps -->\nx', '<p>x</p>'],
  ])('renders %j', (markdown, html) => {
    expect(markdownToHtml(markdown)).toBe(html);
  }); // prettier-ignore

  it('ends, and lets no HTML through, whatever the text', () => {
    const piece = fc.constantFrom('# ', '|', '```', '\n', '* ', '`', '**', '<script>', '[a](b)', '<!--', 'word ');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        expect(markdownToHtml(pieces.join(''))).not.toContain('<script>');
      }),
    );
  });
});
