//! Medians over the rounds, as Markdown.

use std::fmt::Write as _;

use super::paths::Cpu;
use super::scenario::{Measure, Scenario};
use crate::load::LoadReport;

/// One measurement of one path.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    report: LoadReport,
    hop_cpu: Option<f64>,
    provider_cpu: Option<f64>,
    hop_mib: Option<f64>,
}

impl Cell {
    pub(super) fn new(report: LoadReport, before: Cpu, after: Cpu, hop_mib: Option<f64>) -> Self {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a count of requests is far below 2^52"
        )]
        let thousands = report.requests as f64 / 1000.0;
        let spent = |before: Option<f64>, after: Option<f64>| Some((after? - before?) / thousands);
        Self {
            hop_cpu: spent(before.hop, after.hop),
            provider_cpu: spent(before.provider, after.provider),
            hop_mib,
            report,
        }
    }

    /// The measurement as one line of JSON.
    pub(super) fn raw(
        &self,
        round: usize,
        path: &str,
        durability: Option<&str>,
        scenario: Scenario,
    ) -> String {
        let line = serde_json::json!({
            "round": round, "path": path, "durability": durability, "case": scenario.name(),
            "report": self.report, "per_second": self.report.per_second(), "hop_cpu_per_1000": self.hop_cpu,
            "provider_cpu_per_1000": self.provider_cpu, "hop_mib": self.hop_mib,
        });
        format!("{line}\n")
    }
}

/// All measurements of one path in one scenario.
#[derive(Debug)]
struct Row {
    path: &'static str,
    /// That of the hub; the ways without one stand in every table.
    durability: Option<String>,
    cells: Vec<Cell>,
}

/// All measurements of one scenario.
#[derive(Debug)]
pub(super) struct Table {
    scenario: Scenario,
    rows: Vec<Row>,
}

const COLUMNS: &str = "| path | requests/s | p50 ms | p90 ms | p99 ms | first p50 ms | first p99 ms | hop CPU s / 1,000 | against the proxy | target | provider CPU s / 1,000 | hop RSS MiB |
|---|---|---|---|---|---|---|---|---|---|---|---|
";

impl Table {
    pub(super) fn new(scenario: Scenario) -> Self {
        Self {
            scenario,
            rows: Vec::new(),
        }
    }

    pub(super) fn scenario(&self) -> Scenario {
        self.scenario
    }

    pub(super) fn add(&mut self, path: &'static str, durability: Option<&str>, cell: Cell) {
        let found = self
            .rows
            .iter_mut()
            .find(|row| row.path == path && row.durability.as_deref() == durability);
        match found {
            Some(row) => row.cells.push(cell),
            None => self.rows.push(Row {
                path,
                durability: durability.map(str::to_owned),
                cells: vec![cell],
            }),
        }
    }

    fn rows(&self, durability: &str) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| {
            row.durability
                .as_deref()
                .is_none_or(|its| its == durability)
        })
    }

    fn of(
        &self,
        path: &str,
        durability: &str,
        value: impl Fn(&Cell) -> Option<f64>,
    ) -> Option<f64> {
        let row = self.rows(durability).find(|row| row.path == path)?;
        median(&row.cells, value)
    }

    /// CPU of a path's hop against the bare proxy's.
    pub(super) fn ratio(&self, path: &str, durability: &str) -> Option<f64> {
        let baseline = self.of("bare-proxy", durability, |cell| cell.hop_cpu)?;
        Some(self.of(path, durability, |cell| cell.hop_cpu)? / baseline)
    }

    /// How much later than direct the first event comes in the median, in milliseconds.
    pub(super) fn first_added(&self, path: &str, durability: &str) -> Option<f64> {
        let first = |path| self.of(path, durability, |cell| Some(cell.report.first.p50_ms));
        Some(first(path)? - first("direct")?)
    }

    /// Resident memory of a path's hop in MiB.
    pub(super) fn resident(&self, path: &str, durability: &str) -> Option<f64> {
        self.of(path, durability, |cell| cell.hop_mib)
    }

    pub(super) fn markdown(&self, durability: &str) -> String {
        let mut text = format!("### {}\n\n{COLUMNS}", self.scenario.title());
        for row in self.rows(durability) {
            let column = |value: fn(&Cell) -> Option<f64>, digits: usize| {
                shown(median(&row.cells, value), digits)
            };
            let ratio = self.ratio(row.path, durability);
            let target = self.scenario.target(row.path);
            let target = target.filter(|target| target.measure == Measure::CpuRatio);
            let _infallible = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                row.path,
                column(|cell| Some(cell.report.per_second()), 0),
                column(|cell| Some(cell.report.whole.p50_ms), 2),
                column(|cell| Some(cell.report.whole.p90_ms), 2),
                column(|cell| Some(cell.report.whole.p99_ms), 2),
                column(|cell| Some(cell.report.first.p50_ms), 2),
                column(|cell| Some(cell.report.first.p99_ms), 2),
                column(|cell| cell.hop_cpu, 4),
                ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2} x")),
                target.map_or_else(|| "-".to_owned(), |target| format!("{} x", target.at_most)),
                column(|cell| cell.provider_cpu, 4),
                column(|cell| cell.hop_mib, 1),
            );
        }
        text
    }
}

fn median(cells: &[Cell], value: impl Fn(&Cell) -> Option<f64>) -> Option<f64> {
    let mut values: Vec<f64> = cells.iter().filter_map(value).collect();
    values.sort_by(f64::total_cmp);
    let upper = values.get(values.len() / 2).copied()?;
    let lower = values.get(values.len().saturating_sub(1) / 2).copied()?;
    Some(f64::midpoint(lower, upper))
}

fn shown(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::scoreboard;
    use crate::load::Operation;

    fn cell(requests: u64, hop: f64) -> Cell {
        let report = LoadReport {
            requests,
            seconds: 1.0,
            ..LoadReport::default()
        };
        let before = Cpu {
            hop: Some(1.0),
            provider: None,
        };
        Cell::new(
            report,
            before,
            Cpu {
                hop: Some(1.0 + hop),
                provider: None,
            },
            Some(10.0),
        )
    }

    #[test]
    fn the_table_shows_medians_the_ratio_to_the_proxy_and_whether_targets_are_met() {
        let mut table = Table::new(Scenario {
            operation: Operation::Chat,
            stream: false,
            connections: 64,
            pace_ms: 0,
        });
        for hop in [1.0, 9.0, 2.0] {
            table.add("bare-proxy", None, cell(1000, hop));
            table.add("hub-v2", Some("relaxed"), cell(1000, 1.4 * hop));
            table.add("hub-v2", Some("strict"), cell(1000, 2.0 * hop));
        }
        let text = table.markdown("strict");
        assert!(text.contains("| bare-proxy | 1000 |"), "{text}");
        assert!(
            text.contains("| 4.0000 | 2.00 x | 1.5 x | - | 10.0 |"),
            "{text}"
        );
        assert!(!text.contains("1.40 x"), "{text}");
        let durabilities = ["relaxed".to_owned(), "strict".to_owned()];
        let board = scoreboard::markdown(&[table], &durabilities);
        assert!(
            board.contains("| 1.5 | 1.40 met | **2.00 missed** |"),
            "{board}"
        );
    }
}
