//! Requests as they come: more by day than by night, with prompts and answers of many lengths.

use crate::{Rng, Timestamp};

/// Requests of each hour of a day, out of a thousand; they sum to a thousand.
const HOURS: [u64; 24] = [
    22, 18, 15, 13, 13, 15, 20, 30, 42, 52, 58, 60, 60, 60, 60, 59, 58, 56, 54, 52, 50, 47, 45, 41,
];

/// Bytes of English text to a token, in tenths: prompts and answers are counted with it.
const BYTES_PER_TOKEN_TENTHS: u64 = 42;
const MILLIS_PER_HOUR: u64 = 3_600_000;

/// One request, as its consumer sends it and as an honest answer looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) at: Timestamp,
    pub(super) prompt_tokens: u64,
    pub(super) prompt_bytes: u64,
    pub(super) answer_tokens: u64,
    pub(super) answer_bytes: u64,
    pub(super) max_tokens: u64,
}

/// How many requests come in this hour, of so many a day: the fraction left over is drawn.
pub(super) fn in_hour(a_day: u64, hour: usize, rng: &mut dyn Rng) -> u64 {
    let share = HOURS.get(hour).copied().unwrap_or(0);
    let thousandths = a_day.saturating_mul(share);
    thousandths / 1_000 + u64::from(rng.below(1_000) < thousandths % 1_000)
}

impl Request {
    /// Number `number` of `count` requests of the hour that begins at `start`, evenly spaced.
    pub(super) fn draw(start: Timestamp, number: u64, count: u64, rng: &mut dyn Rng) -> Self {
        let offset = MILLIS_PER_HOUR.saturating_mul(number) / count.max(1);
        let prompt_tokens = lengths(60, 4_000, rng);
        let answer_tokens = lengths(20, 1_200, rng);
        // Some text has longer words than other text: 10 % either way.
        let bytes = |tokens: u64, rng: &mut dyn Rng| {
            tokens
                .saturating_mul(BYTES_PER_TOKEN_TENTHS)
                .saturating_mul(900 + rng.below(201))
                / 10_000
        };
        Self {
            at: Timestamp::from_millis(start.as_millis().saturating_add(offset)),
            prompt_tokens,
            prompt_bytes: bytes(prompt_tokens, rng),
            answer_tokens,
            answer_bytes: bytes(answer_tokens, rng),
            max_tokens: 2_048,
        }
    }
}

/// Many short ones and few long ones: the smaller of two draws.
fn lengths(least: u64, most: u64, rng: &mut dyn Rng) -> u64 {
    let span = most.saturating_sub(least);
    least + rng.below(span).min(rng.below(span))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededRng;

    #[test]
    fn a_day_has_the_requests_that_it_should() {
        assert_eq!(HOURS.iter().sum::<u64>(), 1_000);
        let mut rng = SeededRng::new(1);
        let mut of_days = |a_day| -> u64 {
            (0..100)
                .flat_map(|_| 0..24)
                .map(|hour| in_hour(a_day, hour, &mut rng))
                .sum()
        };
        assert_eq!(of_days(1_000), 100_000);
        assert!((29_500..30_500).contains(&of_days(300)));
    }

    #[test]
    fn a_token_has_about_four_bytes() {
        let mut rng = SeededRng::new(2);
        for number in 0..1_000 {
            let request = Request::draw(Timestamp::EPOCH, number, 1_000, &mut rng);
            let tenths = request.answer_bytes * 10 / request.answer_tokens;
            assert!((36..=46).contains(&tenths), "{request:?}");
            assert!(request.answer_tokens <= request.max_tokens);
            assert!(request.at < Timestamp::from_millis(MILLIS_PER_HOUR));
        }
    }
}
