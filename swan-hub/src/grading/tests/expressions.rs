//! Random expressions, as a seed gives them.

use swan_core::{Rng, SeededRng};

/// Draws expressions of every kind of value, whose parts are mostly of the kind that fits.
pub(super) struct Expressions {
    rng: SeededRng,
}

#[derive(Clone, Copy)]
enum Kind {
    Number,
    Text,
    List,
    Truth,
}

impl Expressions {
    pub(super) fn new(seed: u64) -> Self {
        let rng = SeededRng::new(seed);
        Self { rng }
    }

    pub(super) fn next(&mut self) -> String {
        let kind = self.kind();
        self.draw(kind, 3)
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let count = u64::try_from(from.len()).unwrap();
        from[usize::try_from(self.rng.below(count)).unwrap()]
    }

    fn kind(&mut self) -> Kind {
        match self.rng.below(4) {
            0 => Kind::Number,
            1 => Kind::Text,
            2 => Kind::List,
            _ => Kind::Truth,
        }
    }

    #[expect(clippy::too_many_lines, reason = "a table")]
    /// A template whose marks stand for further expressions: `#` a number, `$` a text, `@` a list, `?` a truth, `~` anything.
    fn draw(&mut self, kind: Kind, depth: u32) -> String {
        let template = match (kind, depth) {
            (Kind::Number, 0) => self.pick(&[
                "n", "0", "1", "2", "-1", "7", "-3", "10", "255", "1000", "0.5", "-2.5", "1e3",
                "True", "3.0", "0.1",
            ]),
            (Kind::Text, 0) => self.pick(&[
                "''",
                "'a'",
                "'Hello World'",
                "'abcabc'",
                "' x y '",
                "'12'",
                "'-7'",
                "'a,b,,c'",
                "'Zé'",
            ]),
            (Kind::List, 0) => self.pick(&[
                "[]",
                "[1, 2, 3]",
                "[3, 1, 2]",
                "['b', 'a']",
                "(1, 2)",
                "range(4)",
                "[0.5, 2]",
                "[[1], [2, 3]]",
            ]),
            (Kind::Truth, 0) => self.pick(&["True", "False", "n > 2", "None", "not n"]),
            (Kind::Number, _) => self.pick(&[
                "(# + #)",
                "(# - #)",
                "(# * #)",
                "(# // #)",
                "(# % #)",
                "(# / #)",
                "(# ** 2)",
                "(-#)",
                "abs(#)",
                "round(#)",
                "round(#, 1)",
                "int(#)",
                "len($)",
                "len(@)",
                "sum(@)",
                "max(#, #)",
                "min(@)",
                "$.count($)",
                "$.find($)",
                "(# if ? else #)",
                "(# & #)",
                "(# | #)",
                "(# ^ #)",
                "(# << 2)",
                "(# >> 1)",
                "divmod(#, #)[1]",
                "float(#)",
                "int($)",
                "sum(x * 2 for x in @)",
                "@[#]",
                "(# or #)",
                "(# and #)",
                "@.index(#)",
                "ord($)",
                "round(#, -1)",
                "(~#)",
                "float($)",
                "pow(#, 2)",
                "(lambda x: x + 1)(#)",
            ]),
            (Kind::Text, _) => self.pick(&[
                "($ + $)",
                "($ * 2)",
                "$[::-1]",
                "$[1:]",
                "$[#:#]",
                "$[-2::-1]",
                "$.upper()",
                "$.title()",
                "$.strip()",
                "$.replace($, $)",
                "str(#)",
                "str(@)",
                "f'{#}'",
                "f'{#:>6}'",
                "f'{#:.2f}'",
                "f'{$!r:^9}'",
                "'-'.join($)",
                "($ if ? else $)",
                "repr(~)",
                "$.center(#, '*')",
                "$.zfill(5)",
                "'%s|%s' % (#, $)",
                "$[#]",
                "$.swapcase()",
                "f'{#:05d}'",
                "f'{#:,}'",
                "($ or $)",
                "'{}{}'.format(#, $)",
                "chr(97 + # % 5)",
                "$.lstrip($)",
                "max($, $)",
                "''.join(sorted($))",
                "''.join(c for c in $ if c.isalpha())",
                "$.capitalize()",
                "str(?)",
                "str(~)",
                "$.rjust(#)",
                "f'{#:+}'",
                "f'{#:<8}|'",
                "bin(#)",
                "hex(#)",
                "$.partition($)[0]",
                "$.removeprefix($)",
            ]),
            (Kind::List, _) => self.pick(&[
                "[~, ~]",
                "sorted(@)",
                "list(@)[::-1]",
                "list(@)[#:#]",
                "[x for x in @ if ?]",
                "[(x, #) for x in @]",
                "$.split()",
                "$.split($)",
                "list($)",
                "list(zip(@, @))",
                "list(enumerate(@))",
                "list(map(str, @))",
                "(list(@) + list(@))",
                "(list(@) * 2)",
                "list(range(#))",
                "list(range(#, #, 2))",
                "sorted($)",
                "tuple(@)",
                "sorted(@, reverse=True)",
                "sorted(@, key=str)",
                "list(filter(None, @))",
                "list(reversed(list(@)))",
                "list({#: ~, #: ~}.items())",
                "sorted({#, #, #})",
                "[*@, #]",
                "divmod(#, #)",
                "list(dict(zip($, @)).values())",
                "list(dict.fromkeys($))",
                "[y for x in [@, @] for y in x]",
                "(@ or @)",
                "list(@)[-3::2]",
                "[#, #][::-1]",
            ]),
            (Kind::Truth, _) => self.pick(&[
                "(# < #)",
                "(# == #)",
                "(# <= # < #)",
                "($ < $)",
                "($ == $)",
                "(@ == @)",
                "($ in $)",
                "(# in @)",
                "(not ~)",
                "bool(~)",
                "(? and ?)",
                "(? or ?)",
                "(~ == ~)",
                "(# != #)",
                "$.isdigit()",
                "$.startswith($)",
                "all(@)",
                "any(@)",
                "(list(@) < list(@))",
                "isinstance(~, (int, str))",
                "(~ is None)",
                "$.islower()",
                "(# not in @)",
                "$.isalpha()",
                "({#, #} <= {#, #, #})",
                "all(x for x in @)",
                "({#: #} == {#: #})",
                "($ >= $)",
            ]),
        };
        let mut drawn = String::new();
        for c in template.chars() {
            let part = match c {
                '#' => Kind::Number,
                '$' => Kind::Text,
                '@' => Kind::List,
                '?' => Kind::Truth,
                '~' if template != "(~#)" => self.kind(),
                _ => {
                    drawn.push(c);
                    continue;
                }
            };
            // Now and then something that does not fit, as models write it.
            let part = if self.rng.below(40) == 0 {
                self.kind()
            } else {
                part
            };
            let inner = self.draw(part, depth.saturating_sub(1));
            // Quotes do not nest within the braces of an f-string before Python 3.12.
            let is_plain = !template.starts_with("f'") || !inner.contains(['\'', '\\']);
            drawn.push_str(if is_plain { &inner } else { "n" });
        }
        drawn
    }
}
