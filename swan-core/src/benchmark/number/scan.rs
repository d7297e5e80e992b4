//! The numbers of a text, in all the ways that models write them.

use super::Rational;

/// A number that was found in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) value: Rational,
    pub(super) is_percent: bool,
}

/// The same text with one spelling for signs, separators and LaTeX.
pub(super) fn normalise(text: &str) -> String {
    const SPELLINGS: [(&str, &str); 16] = [
        ("\\left", ""),
        ("\\right", ""),
        ("\\dfrac", "\\frac"),
        ("\\tfrac", "\\frac"),
        ("\\times", "*"),
        ("\\cdot", "*"),
        ("{,}", ","),
        ("\\,", "_"),
        ("\\!", ""),
        ("\\$", "$"),
        ("\\%", "%"),
        ("\\ ", " "),
        ("\\;", " "),
        ("&nbsp;", "_"),
        ("**$", "**"),
        ("$**", "**"),
    ];
    let mut text: String = text
        .chars()
        .map(|c| match c {
            '−' | '–' | '‒' | '﹣' | '－' => '-',
            '\u{a0}' | '\u{202f}' | '\u{2009}' | '’' => '_',
            '×' | '·' | '⋅' => '*',
            '⁄' | '∕' => '/',
            '％' => '%',
            '０'..='９' => char::from_u32(c as u32 - 0xFF10 + 0x30).unwrap_or(c),
            _ => c,
        })
        .collect();
    for (from, to) in SPELLINGS {
        if text.contains(from) {
            text = text.replace(from, to);
        }
    }
    text
}

/// All numbers of a normalised text, in order.
pub(super) fn numbers(text: &str) -> Vec<Found> {
    let chars: Vec<char> = text.chars().collect();
    let mut scanner = Scanner {
        chars: &chars,
        at: 0,
    };
    let mut found = Vec::new();
    while scanner.at < chars.len() {
        match scanner.number() {
            Some(number) => found.push(number),
            None => scanner.at += 1,
        }
    }
    found
}

struct Scanner<'a> {
    chars: &'a [char],
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn before(&self) -> Option<char> {
        self.at
            .checked_sub(1)
            .and_then(|at| self.chars.get(at))
            .copied()
    }

    fn eat(&mut self, text: &str) -> bool {
        let is_next = text
            .chars()
            .zip(0..)
            .all(|(c, ahead)| self.peek(ahead) == Some(c));
        if is_next {
            self.at += text.chars().count();
        }
        is_next
    }

    fn spaces(&mut self) {
        while matches!(self.peek(0), Some(' ' | '_')) {
            self.at += 1;
        }
    }

    /// The number that begins here, past which it moves; nothing, without moving, when none does.
    fn number(&mut self) -> Option<Found> {
        let start = self.at;
        let found = self.signed();
        if found.is_none() {
            self.at = start;
        }
        found
    }

    fn signed(&mut self) -> Option<Found> {
        // `x2`, `m^2` and `a_1` are names and exponents; `5-3` is no negative number.
        let before = self.before();
        let is_inside = |c: char| c.is_alphanumeric() || matches!(c, '^' | '.' | ')');
        if before.is_some_and(|c| is_inside(c) || (c == '_' && self.peek(0) != Some('-'))) {
            return None;
        }
        if before == Some('{') && self.at >= 2 && self.chars.get(self.at - 2) == Some(&'^') {
            return None;
        }
        let mut is_negative = self.eat("-");
        for currency in ["US$", "$", "€", "£", "₹", "¥"] {
            if self.eat(currency) {
                break;
            }
        }
        is_negative |= self.eat("-");
        let value = self.magnitude()?;
        let value = if is_negative { value.negated() } else { value };
        let here = self.at;
        self.spaces();
        let is_percent = self.eat("%") || self.eat("percent") || self.eat("per cent");
        if !is_percent {
            self.at = here;
        }
        Some(Found { value, is_percent })
    }

    fn magnitude(&mut self) -> Option<Rational> {
        if self.eat("\\frac") {
            return self.latex_fraction();
        }
        if let Some(value) = self.peek(0).and_then(vulgar) {
            self.at += 1;
            return Some(value);
        }
        let whole = self.decimal()?;
        let here = self.at;
        if let Some(value) = self.scaled(whole) {
            return Some(value);
        }
        self.at = here;
        if let Some(value) = self.divided(whole) {
            return Some(value);
        }
        self.at = here;
        Some(self.mixed(whole).unwrap_or_else(|| {
            self.at = here;
            whole
        }))
    }

    /// `{a}{b}`, also `34` for three quarters.
    fn latex_fraction(&mut self) -> Option<Rational> {
        let above = self.braced()?;
        let below = self.braced()?;
        above.over(below)
    }

    fn braced(&mut self) -> Option<Rational> {
        if self.eat("{") {
            let is_negative = self.eat("-");
            let value = self.decimal()?;
            self.eat("}").then_some(())?;
            return Some(if is_negative { value.negated() } else { value });
        }
        let digit = self.peek(0)?.to_digit(10)?;
        self.at += 1;
        Some(Rational::whole(digit.into()))
    }

    /// Powers of ten and words for them: `1.2e3`, `1.2 * 10^{3}`, `1.2 million`.
    fn scaled(&mut self, value: Rational) -> Option<Rational> {
        if matches!(self.peek(0), Some('e' | 'E')) {
            self.at += 1;
            return self.power(value);
        }
        self.spaces();
        for (word, exponent) in [("thousand", 3), ("million", 6), ("billion", 9)] {
            if self.eat(word) {
                return value.times(power_of_ten(exponent)?);
            }
        }
        self.eat("*").then_some(())?;
        self.spaces();
        self.eat("10^").then_some(())?;
        let is_braced = self.eat("{");
        let value = self.power(value)?;
        (!is_braced || self.eat("}")).then_some(value)
    }

    fn power(&mut self, value: Rational) -> Option<Rational> {
        let is_negative = self.eat("-");
        self.eat("+");
        let digits = self.digits();
        let exponent = u32::try_from(number(&digits)?.numerator()).ok()?;
        let scale = power_of_ten(exponent)?;
        if is_negative {
            value.over(scale)
        } else {
            value.times(scale)
        }
    }

    /// `3/4`, but neither `3/4/2024` nor `km/h`.
    fn divided(&mut self, above: Rational) -> Option<Rational> {
        self.spaces();
        self.eat("/").then_some(())?;
        self.spaces();
        let below = number(&self.digits())?;
        (self.peek(0) != Some('/')).then_some(())?;
        above.over(below)
    }

    /// `1 3/4`, `1\frac{3}{4}` and `1½`.
    fn mixed(&mut self, whole: Rational) -> Option<Rational> {
        self.spaces();
        let part = if self.eat("\\frac") {
            self.latex_fraction()?
        } else if let Some(value) = self.peek(0).and_then(vulgar) {
            self.at += 1;
            value
        } else {
            let above = number(&self.digits())?;
            self.eat("/").then_some(())?;
            above.over(number(&self.digits())?)?
        };
        (whole.denominator() == 1 && part.numerator() < part.denominator()).then_some(())?;
        whole.plus(part)
    }

    fn digits(&mut self) -> String {
        let mut digits = String::new();
        while let Some(c) = self.peek(0).filter(char::is_ascii_digit) {
            digits.push(c);
            self.at += 1;
        }
        digits
    }

    /// Digits with separators of thousands and a decimal point, in either of the two customs.
    fn decimal(&mut self) -> Option<Rational> {
        let mut groups = vec![self.digits()];
        let mut marks = String::new();
        while let Some(mark) = self.peek(0).filter(|c| matches!(c, ',' | '.' | '_' | '\'')) {
            if !self.peek(1).is_some_and(|c| c.is_ascii_digit()) {
                break;
            }
            self.at += 1;
            marks.push(mark);
            groups.push(self.digits());
        }
        let is_thousands = groups.iter().skip(1).all(|group| group.len() == 3)
            && groups
                .first()
                .is_some_and(|group| (1..=3).contains(&group.len()));
        let last = marks.chars().next_back();
        let is_point = match last {
            None => false,
            // A single point is a decimal point; a single comma before three digits separates thousands.
            Some('.') => marks.matches('.').count() == 1,
            Some(',') => marks.matches(',').count() == 1 && (marks.len() > 1 || !is_thousands),
            Some(_) => false,
        };
        let decimals = if is_point {
            groups.pop().unwrap_or_default()
        } else {
            String::new()
        };
        let scale = power_of_ten(u32::try_from(decimals.len()).ok()?)?;
        let digits = groups.concat() + &decimals;
        number(&digits)?.over(scale)
    }
}

fn number(digits: &str) -> Option<Rational> {
    Rational::new(digits.parse().ok()?, 1)
}

fn power_of_ten(exponent: u32) -> Option<Rational> {
    Rational::new(10_i128.checked_pow(exponent)?, 1)
}

fn vulgar(c: char) -> Option<Rational> {
    let (above, below) = match c {
        '½' => (1, 2),
        '⅓' => (1, 3),
        '⅔' => (2, 3),
        '¼' => (1, 4),
        '¾' => (3, 4),
        '⅕' => (1, 5),
        '⅖' => (2, 5),
        '⅗' => (3, 5),
        '⅘' => (4, 5),
        '⅙' => (1, 6),
        '⅛' => (1, 8),
        '⅜' => (3, 8),
        '⅝' => (5, 8),
        '⅞' => (7, 8),
        _ => return None,
    };
    Rational::new(above, below)
}
