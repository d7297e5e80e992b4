//! What of the answers of one poll becomes the rate: a median on which enough sources agree, and that does not jump unconfirmed.

use swan_core::{Amount, ExchangeRate, StampedRate, Timestamp};

/// By which answers are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rules {
    /// How many sources must agree.
    pub(super) quorum: usize,
    /// How far from the median a source agrees, in basis points of the median.
    pub(super) spread_bps: u32,
    /// How far from the last rate the next one may be, in basis points of the last.
    pub(super) step_bps: u32,
    /// How many further polls must confirm one that is further away.
    pub(super) confirm_polls: u32,
}

/// What a source has told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told<'a> {
    pub(super) source: &'a str,
    pub(super) rate: ExchangeRate,
    pub(super) at: Timestamp,
}

/// What has become of a poll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The rate from now on.
    Accepted(StampedRate),
    /// Fewer sources than must agree have told a price.
    Few { told: usize },
    /// They have, but too few are near the median.
    Disagree { agree: usize, median: ExchangeRate },
    /// It is far from the last rate, and has been confirmed by so many polls.
    Jump {
        from: ExchangeRate,
        to: ExchangeRate,
        confirmed: u32,
    },
}

/// The last rate, and one that waits for confirmation.
#[derive(Clone, Debug, Default)]
pub(super) struct Judge {
    last: Option<ExchangeRate>,
    waits: Option<Waiting>,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    to: ExchangeRate,
    confirmed: u32,
}

impl Judge {
    /// One that has accepted this.
    pub(super) const fn after(last: ExchangeRate) -> Self {
        Self {
            last: Some(last),
            waits: None,
        }
    }

    /// Judges the answers of one poll. A poll on which nobody agrees neither confirms a jump nor speaks against it.
    pub(super) fn judge(&mut self, rules: &Rules, told: &[Told<'_>]) -> Verdict {
        let few = Verdict::Few { told: told.len() };
        if told.len() < rules.quorum {
            return few;
        }
        let Some(median) = median(told) else {
            return few;
        };
        let agrees = |told: &&Told<'_>| is_within(told.rate, median, rules.spread_bps);
        let agreeing: Vec<&Told<'_>> = told.iter().filter(agrees).collect();
        if agreeing.len() < rules.quorum {
            let agree = agreeing.len();
            return Verdict::Disagree { agree, median };
        }
        if let Some(from) = self.last
            && !is_within(median, from, rules.step_bps)
            && let Some(confirmed) = self.waits_still(rules, median)
        {
            let to = median;
            return Verdict::Jump {
                from,
                to,
                confirmed,
            };
        }
        (self.last, self.waits) = (Some(median), None);
        // As old as the oldest of those who agree.
        let at = agreeing.iter().map(|told| told.at).min();
        let at = at.unwrap_or(Timestamp::EPOCH);
        Verdict::Accepted(StampedRate::new(median, name(&agreeing), at))
    }

    /// Counts this poll for the jump that waits, or begins to wait for one; `None` when that was the last that it needed.
    fn waits_still(&mut self, rules: &Rules, median: ExchangeRate) -> Option<u32> {
        let waiting = match self.waits {
            Some(waiting) if is_within(median, waiting.to, rules.step_bps) => Waiting {
                confirmed: waiting.confirmed + 1,
                ..waiting
            },
            _ => Waiting {
                to: median,
                confirmed: 0,
            },
        };
        self.waits = Some(waiting);
        (waiting.confirmed < rules.confirm_polls).then_some(waiting.confirmed)
    }
}

/// Of an even number the mean of the two in the middle, rounded down.
fn median(told: &[Told<'_>]) -> Option<ExchangeRate> {
    let mut rates: Vec<ExchangeRate> = told.iter().map(|told| told.rate).collect();
    rates.sort_unstable();
    let upper = *rates.get(rates.len() / 2)?;
    if !rates.len().is_multiple_of(2) {
        return Some(upper);
    }
    let lower = *rates.get(rates.len() / 2 - 1)?;
    let mean = (lower.usd().pico() + upper.usd().pico()) / 2;
    let mean = Amount::from_pico(mean).ok()?;
    ExchangeRate::usd_per_swan(mean).ok()
}

fn is_within(rate: ExchangeRate, of: ExchangeRate, points: u32) -> bool {
    let (rate, of) = (rate.usd().pico(), of.usd().pico());
    // 10^27 times at most 10^7: far inside.
    rate.abs_diff(of) * 10_000 <= of.unsigned_abs() * u128::from(points)
}

fn name(agreeing: &[&Told<'_>]) -> String {
    let names: Vec<&str> = agreeing.iter().map(|told| told.source).collect();
    match names.as_slice() {
        [one] => (*one).to_owned(),
        _ => format!("median of {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RULES: Rules = Rules {
        quorum: 2,
        spread_bps: 500,
        step_bps: 1_000,
        confirm_polls: 2,
    };

    fn told<'a>(rates: &[&str]) -> Vec<Told<'a>> {
        let sources = ["a", "b", "c", "d"].into_iter();
        let told = |(source, (number, rate)): (&'a str, (u64, &&str))| Told {
            source,
            rate: rate.parse().unwrap(),
            at: Timestamp::from_millis(100 - number),
        };
        sources.zip((0..).zip(rates)).map(told).collect()
    }

    /// What becomes of each poll, in words.
    fn course(rules: &Rules, polls: &[&[&str]]) -> Vec<String> {
        let mut judge = Judge::default();
        let word = |rates: &&[&str]| match judge.judge(rules, &told(rates)) {
            Verdict::Accepted(rate) => rate.to_string(),
            Verdict::Few { told } => format!("few {told}"),
            Verdict::Disagree { agree, median } => format!("disagree {agree} {median}"),
            Verdict::Jump {
                from,
                to,
                confirmed,
            } => format!("jump {from} {to} {confirmed}"),
        };
        polls.iter().map(word).collect()
    }

    #[test]
    fn the_rate_is_the_median_of_enough_that_agree() {
        let words = course(
            &RULES,
            &[
                &["1", "1.02", "1.01"],
                &["1"],
                &["1", "1.03"],
                &["1", "1.2"],
                &["1", "1.02", "50"],
                &["1", "1.000000000001"],
                &["1", "1.01", "0.01", "1.03"],
                &["1", "2", "4"],
            ],
        );
        assert_eq!(
            words,
            [
                "1.01 USD for 1 SWAN (median of a, b, c at 98ms)",
                "few 1",
                "1.015 USD for 1 SWAN (median of a, b at 99ms)",
                "disagree 0 1.1",
                "1.02 USD for 1 SWAN (median of a, b at 99ms)",
                "1 USD for 1 SWAN (median of a, b at 99ms)",
                "1.005 USD for 1 SWAN (median of a, b, d at 97ms)",
                "disagree 1 2",
            ]
        );
    }

    #[test]
    fn a_jump_is_confirmed_by_the_next_polls_or_forgotten() {
        let alone = Rules { quorum: 1, ..RULES };
        let one = |rates: &[&'static str]| -> Vec<String> {
            let polls: Vec<[&str; 1]> = rates.iter().map(|rate| [*rate]).collect();
            let polls: Vec<&[&str]> = polls.iter().map(|poll| poll.as_slice()).collect();
            course(&alone, &polls)
        };
        let is = |words: &[String], at: usize, begins: &str| {
            assert!(words[at].starts_with(begins), "{words:?}");
        };
        // As far as is allowed, up and down.
        let words = one(&["1", "1.1", "0.99", "0.88"]);
        is(&words, 1, "1.1 USD");
        is(&words, 2, "0.99 USD");
        is(&words, 3, "jump 0.99 0.88 0");
        // Confirmed twice, by what is near it.
        let words = one(&["1", "2", "2.1", "1.9", "2.05"]);
        is(&words, 1, "jump 1 2 0");
        is(&words, 2, "jump 1 2.1 1");
        is(&words, 3, "1.9 USD");
        is(&words, 4, "2.05 USD");
        // It was a slip, and the next one has to be confirmed anew.
        let words = one(&["1", "2", "1.01", "2", "2", "2"]);
        is(&words, 2, "1.01 USD");
        is(&words, 3, "jump 1.01 2 0");
        is(&words, 5, "2 USD");
        // What jumps about confirms nothing.
        let words = one(&["1", "2", "4", "8", "2"]);
        for (at, to) in [(1, "2"), (2, "4"), (3, "8"), (4, "2")] {
            is(&words, at, &format!("jump 1 {to} 0"));
        }
    }

    fn rates(of: std::ops::Range<i128>, count: usize) -> impl Strategy<Value = Vec<i128>> {
        proptest::collection::vec(of, count)
    }

    fn rate(pico: i128) -> ExchangeRate {
        ExchangeRate::usd_per_swan(Amount::from_pico(pico).unwrap()).unwrap()
    }

    proptest! {
        /// A minority cannot move the rate out of what the others say, whatever it says and whoever is away.
        #[test]
        fn a_minority_of_liars_is_powerless(
            honest in rates(900..1_100, 3), lies in rates(1..1_000_000_000, 2), away in 0..3_usize, spread in 0..5_000_u32,
        ) {
            let rules = Rules { quorum: 3, spread_bps: spread, step_bps: 1_000_000, confirm_polls: 1 };
            let all: Vec<i128> = honest.iter().skip(away).chain(&lies).copied().collect();
            let told: Vec<Told<'_>> = all.iter().map(|pico| Told { source: "x", rate: rate(*pico), at: Timestamp::EPOCH }).collect();
            if let Verdict::Accepted(accepted) = Judge::default().judge(&rules, &told) {
                let usd = accepted.rate().usd().pico();
                let least = honest.iter().min().unwrap();
                let most = honest.iter().max().unwrap();
                if away == 0 {
                    prop_assert!(least <= &usd && &usd <= most, "{usd} of {all:?}");
                }
                // At least one honest source is as near to it as agreement demands.
                let is_near = honest.iter().any(|pico| is_within(rate(*pico), accepted.rate(), spread));
                prop_assert!(is_near, "{usd} of {all:?}");
            }
        }

        /// From one rate to the next it is a step, or as many polls as must confirm it lie in between.
        #[test]
        fn no_step_is_too_large_unless_it_was_confirmed(polls in rates(1..2_000, 30), confirm in 1..4_u32) {
            let rules = Rules { quorum: 1, spread_bps: 0, step_bps: 1_000, confirm_polls: confirm };
            let mut judge = Judge::default();
            let (mut last, mut jumps) = (None, 0);
            for pico in polls {
                let told = [Told { source: "x", rate: rate(pico), at: Timestamp::EPOCH }];
                match judge.judge(&rules, &told) {
                    Verdict::Accepted(accepted) => {
                        prop_assert_eq!(accepted.rate(), rate(pico));
                        if let Some(last) = last {
                            prop_assert!(is_within(accepted.rate(), last, 1_000) || jumps >= confirm);
                        }
                        (last, jumps) = (Some(accepted.rate()), 0);
                    }
                    _ => jumps += 1,
                }
            }
        }
    }
}
