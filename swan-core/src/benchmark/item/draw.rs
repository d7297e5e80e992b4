use crate::Rng;

/// Draws of one item: everything about it comes from here, so that the seed alone says what it is.
#[derive(Debug)]
pub(super) struct Draw<'a> {
    rng: &'a mut dyn Rng,
    level: Level,
}

/// How large the numbers are and how many steps it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Easy,
    Medium,
    Hard,
}

impl<'a> Draw<'a> {
    /// A quarter of all items is easy and a quarter hard.
    pub(super) fn new(rng: &'a mut dyn Rng) -> Self {
        let level = match rng.below(4) {
            0 => Level::Easy,
            1 | 2 => Level::Medium,
            _ => Level::Hard,
        };
        Self { rng, level }
    }

    pub(super) const fn level(&self) -> Level {
        self.level
    }

    /// One of the three by level.
    pub(super) const fn by_level<T: Copy>(&self, easy: T, medium: T, hard: T) -> T {
        match self.level {
            Level::Easy => easy,
            Level::Medium => medium,
            Level::Hard => hard,
        }
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn int(&mut self, low: i64, high: i64) -> i64 {
        let span = high.abs_diff(low).saturating_add(1);
        low.saturating_add_unsigned(self.rng.below(span))
    }

    /// True in `percent` of a hundred draws.
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.rng.below(100) < percent
    }

    /// One of `choices`, each as likely; the default of none.
    pub(super) fn pick<T: Copy + Default>(&mut self, choices: &[T]) -> T {
        let bound = u64::try_from(choices.len()).unwrap_or(u64::MAX);
        let index = usize::try_from(self.rng.below(bound)).unwrap_or(0);
        choices.get(index).copied().unwrap_or_default()
    }

    /// One of several texts.
    pub(super) fn one<const N: usize>(&mut self, texts: [String; N]) -> String {
        let bound = u64::try_from(N).unwrap_or(u64::MAX);
        let index = usize::try_from(self.rng.below(bound)).unwrap_or(0);
        texts.into_iter().nth(index).unwrap_or_default()
    }

    /// A word of letters that look like a name, such as `tarolim`.
    pub(super) fn word(&mut self, syllables: i64) -> String {
        const ONSETS: [&str; 18] = [
            "b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z", "br", "st",
            "tr",
        ];
        const ENDS: [&str; 12] = [
            "a", "e", "i", "o", "u", "an", "el", "in", "or", "ul", "ea", "io",
        ];
        (0..syllables)
            .map(|_| format!("{}{}", self.pick(&ONSETS), self.pick(&ENDS)))
            .collect()
    }
}

/// A number with thousands separators, as people write larger ones.
pub(super) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    for (digit, left) in digits.chars().zip((0..digits.len()).rev()) {
        text.push(digit);
        if left > 0 && left.is_multiple_of(3) {
            text.push(',');
        }
    }
    if number < 0 { format!("-{text}") } else { text }
}

/// An amount of cents as dollars: `12.50`.
pub(super) fn dollars(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, (cents % 100).abs())
}
