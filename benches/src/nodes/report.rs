use std::fmt::Write as _;

use super::hub::Seen;
use super::{AT_ONCE, Case};

/// The table, as it grows.
#[derive(Debug, Default)]
pub(super) struct Report(String);

impl Report {
    pub(super) fn case(&mut self, case: Case, seen: &Seen) {
        let hubs = match case.nodes {
            0 => "one, alone".to_owned(),
            1 => "one node".to_owned(),
            nodes => format!("{nodes} nodes"),
        };
        let accounts = if case.is_one_account { 1 } else { AT_ONCE };
        let per_second = float(seen.requests) / seen.took.as_secs_f64();
        let (whole, held) = (
            seen.whole.clone().percentiles(),
            seen.held.clone().percentiles(),
        );
        let per = |trips: u64| match trips {
            0 => "-".to_owned(),
            trips => format!("{:.0}", float(seen.requests) / float(trips)),
        };
        let (draw, tell) = (per(seen.draws), per(seen.tells));
        let waited = 100.0 * float(seen.waited) / float(seen.requests.max(1));
        // Writing to text cannot fail.
        let _infallible = writeln!(
            self.0,
            "| {hubs} | {accounts} | {per_second:.0} | {:.2} | {:.2} | {:.0} | {:.0} | {draw} | {tell} | {waited:.3} % |",
            whole.p50_ms,
            whole.p99_ms,
            held.p50_ms * 1_000.0,
            held.p99_ms * 1_000.0,
        );
    }

    pub(super) fn markdown(&self) -> String {
        format!(
            "| hubs | accounts | paid requests/s | whole p50 ms | p99 ms | setting aside p50 µs | p99 µs | requests a draw | requests a report | waited for a draw |\n\
            |---|---|---|---|---|---|---|---|---|---|\n{}",
            self.0
        )
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn float(count: impl TryInto<u64>) -> f64 {
    count.try_into().unwrap_or(u64::MAX) as f64
}
