//! Small numbers written out.

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];

const TENS: [&str; 8] = [
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];

/// The last number below a million that is written in words, such as `minus forty-two` or `one hundred and five`.
pub(super) fn last(text: &str) -> Option<i64> {
    let lower = text.to_ascii_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphabetic());
    let (mut found, mut run) = (None, Run::default());
    for word in words.filter(|word| !word.is_empty()) {
        if !run.add(word) {
            found = run.value().or(found);
            run = Run {
                is_negative: matches!(word, "minus" | "negative"),
                ..Run::default()
            };
        }
    }
    run.value().or(found)
}

#[derive(Default)]
struct Run {
    is_negative: bool,
    is_begun: bool,
    thousands: i64,
    below: i64,
}

impl Run {
    /// Whether `word` carries the number on.
    fn add(&mut self, word: &str) -> bool {
        let place = |list: &[&str]| list.iter().position(|known| *known == word);
        let number = place(&SMALL)
            .or_else(|| place(&TENS).map(|tens| tens * 10 + 20))
            .and_then(|number| i64::try_from(number).ok());
        match (word, number) {
            (_, Some(number)) => {
                let room = self.below % 100;
                let fits = room == 0 || (room >= 20 && room % 10 == 0 && (1..10).contains(&number));
                if !fits {
                    return false;
                }
                self.below += number;
            }
            ("hundred", _) if (1..100).contains(&self.below) => self.below *= 100,
            ("thousand", _) if self.thousands == 0 && self.below > 0 => {
                self.thousands = self.below;
                self.below = 0;
            }
            ("and", _) if self.is_begun => return true,
            _ => return false,
        }
        self.is_begun = true;
        true
    }

    fn value(&self) -> Option<i64> {
        let value = self.thousands * 1_000 + self.below;
        self.is_begun
            .then_some(if self.is_negative { -value } else { value })
    }
}
