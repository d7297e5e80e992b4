use std::fmt::Write as _;

use swan_hub::store::Durability;

use super::paid::Paid;
use super::recovery::Starts;
use super::tables::Tabulated;

/// The tables, as they grow.
#[derive(Debug, Default)]
pub(super) struct Report {
    targets: String,
    requests: String,
    tables: String,
}

impl Report {
    pub(super) fn memory(&mut self, bytes: f64) {
        let met = bytes <= 500.0;
        self.target(
            "bytes an account, opened by a grant",
            &format!("{bytes:.0}"),
            "<= 500",
            met,
        );
    }

    pub(super) fn engine(&mut self, per_second: f64) {
        let met = per_second >= 1e6;
        self.target(
            "rules alone, transfers/s on one core",
            &format!("{per_second:.0}"),
            ">= 1,000,000",
            met,
        );
    }

    pub(super) fn paid(&mut self, durability: Durability, at_once: usize, paid: &Paid) {
        match (durability, at_once) {
            (Durability::Strict, 1) => {
                let what = "SQLite, strict, alone: durable writes in one's way";
                self.target(
                    what,
                    &format!("{:.2}", paid.writes),
                    "<= 1",
                    paid.writes <= 1.005,
                );
            }
            (Durability::Strict, 1_000) => {
                let met = paid.per_second >= 1e4;
                let figure = format!("{:.0}", paid.per_second);
                self.target(
                    "SQLite, strict, 1,000 at once: paid requests/s",
                    &figure,
                    ">= 10,000",
                    met,
                );
            }
            (Durability::Relaxed, 1) => {
                let added = paid.latency.p50_ms;
                let met = added <= 0.05;
                self.target(
                    "SQLite, relaxed, alone: ms added, p50",
                    &format!("{added:.3}"),
                    "<= 0.05",
                    met,
                );
            }
            _ => {}
        }
        let way = if durability == Durability::Strict {
            "SQLite, strict"
        } else {
            "SQLite, relaxed"
        };
        self.line(way, at_once, paid);
    }

    pub(super) fn on_postgres(&mut self, at_once: usize, paid: &Paid) {
        if at_once == 1_000 {
            let met = paid.per_second >= 5e3;
            let figure = format!("{:.0}", paid.per_second);
            let what = "PostgreSQL, strict, 1,000 at once: paid requests/s";
            self.target(what, &figure, ">= 5,000", met);
        }
        self.line("PostgreSQL, strict", at_once, paid);
    }

    pub(super) fn naive(&mut self, on: &str, at_once: usize, paid: &Paid) {
        self.line(&format!("{on}, naive"), at_once, paid);
    }

    pub(super) fn recovery(&mut self, starts: &Starts) {
        let whole = starts.whole.as_secs_f64();
        let what = format!("start with a journal of {} transfers, s", starts.transfers);
        self.target(&what, &format!("{whole:.2}"), "<= 5", whole <= 5.0);
        let short = starts.from_snapshot.as_secs_f64();
        self.target(
            "the same with a snapshot at its end, s",
            &format!("{short:.2}"),
            "<= 5",
            short <= 5.0,
        );
    }

    pub(super) fn tables(&mut self, tabulated: &Tabulated) {
        let Tabulated {
            transfers,
            took,
            bytes: (before, after),
        } = tabulated;
        let (seconds, before, after) = (took.as_secs_f64(), before >> 20, after >> 20);
        self.tables = format!(
            "{transfers} transfers as tables for SQL: {seconds:.1} s, and a file of {after} MiB where it had {before}.\n"
        );
    }

    pub(super) fn markdown(&self) -> String {
        format!(
            "| what | figure | target | |\n|---|---|---|---|\n{}\n| paid requests | at once | requests/s | p50 ms | p90 ms | p99 ms | durable writes a request |\n|---|---|---|---|---|---|---|\n{}\n{}",
            self.targets, self.requests, self.tables
        )
    }

    fn target(&mut self, what: &str, figure: &str, target: &str, met: bool) {
        let verdict = if met { "met" } else { "**missed**" };
        let _infallible = writeln!(self.targets, "| {what} | {figure} | {target} | {verdict} |");
    }

    fn line(&mut self, way: &str, at_once: usize, paid: &Paid) {
        let Paid {
            per_second,
            latency,
            writes,
        } = paid;
        let _infallible = writeln!(
            self.requests,
            "| {way} | {at_once} | {per_second:.0} | {:.3} | {:.3} | {:.3} | {writes:.3} |",
            latency.p50_ms, latency.p90_ms, latency.p99_ms
        );
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of requests are far below 2^52"
)]
pub(super) fn float(count: usize) -> f64 {
    count as f64
}
