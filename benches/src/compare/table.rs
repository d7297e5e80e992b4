//! Medians over the rounds, as Markdown.

use std::fmt::Write as _;

use super::Scenario;
use super::paths::Cpu;
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
    pub(super) fn raw(&self, round: usize, path: &str, scenario: Scenario) -> String {
        let line = serde_json::json!({
            "round": round, "path": path, "stream": scenario.stream, "connections": scenario.connections, "pace_ms": scenario.pace_ms,
            "report": self.report, "per_second": self.report.per_second(), "hop_cpu_per_1000": self.hop_cpu,
            "provider_cpu_per_1000": self.provider_cpu, "hop_mib": self.hop_mib,
        });
        format!("{line}\n")
    }
}

/// All measurements of one scenario.
#[derive(Debug)]
pub(super) struct Table {
    scenario: Scenario,
    rows: Vec<(&'static str, Vec<Cell>)>,
}

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

    pub(super) fn add(&mut self, path: &'static str, cell: Cell) {
        match self.rows.iter_mut().find(|(name, _)| *name == path) {
            Some((_, cells)) => cells.push(cell),
            None => self.rows.push((path, vec![cell])),
        }
    }

    pub(super) fn markdown(&self) -> String {
        let kind = match (self.scenario.stream, self.scenario.pace_ms) {
            (false, _) => "completions",
            (true, 0) => "streams of 20 chunks",
            (true, _) => "streams of 20 chunks, 20 ms apart",
        };
        let at_once = match self.scenario.connections {
            1 => "one connection".to_owned(),
            many => format!("{many} connections"),
        };
        let mut text = format!("### {kind}, {at_once}\n\n");
        text.push_str("| path | requests/s | p50 ms | p90 ms | p99 ms | first p50 ms | first p99 ms | hop CPU s / 1,000 | against the proxy | provider CPU s / 1,000 | hop RSS MiB |\n");
        text.push_str("|---|---|---|---|---|---|---|---|---|---|---|\n");
        let baseline = self
            .rows
            .iter()
            .find(|(name, _)| *name == "bare-proxy")
            .and_then(|(_, cells)| median(cells, |cell| cell.hop_cpu));
        for (name, cells) in &self.rows {
            let column = |value: fn(&Cell) -> Option<f64>, digits: usize| {
                shown(median(cells, value), digits)
            };
            let hop = median(cells, |cell| cell.hop_cpu);
            let ratio = hop.zip(baseline).map(|(hop, baseline)| hop / baseline);
            let _infallible = writeln!(
                text,
                "| {name} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                column(|cell| Some(cell.report.per_second()), 0),
                column(|cell| Some(cell.report.whole.p50_ms), 2),
                column(|cell| Some(cell.report.whole.p90_ms), 2),
                column(|cell| Some(cell.report.whole.p99_ms), 2),
                column(|cell| Some(cell.report.first.p50_ms), 2),
                column(|cell| Some(cell.report.first.p99_ms), 2),
                shown(hop, 4),
                ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2} x")),
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
    fn the_table_shows_medians_and_the_ratio_to_the_proxy() {
        let mut table = Table::new(Scenario {
            stream: false,
            connections: 1,
            pace_ms: 0,
        });
        for hop in [1.0, 9.0, 2.0] {
            table.add("bare-proxy", cell(1000, hop));
            table.add("hub-v2", cell(1000, 2.0 * hop));
        }
        let text = table.markdown();
        assert!(text.contains("| bare-proxy | 1000 |"), "{text}");
        assert!(text.contains("| 4.0000 | 2.00 x | - | 10.0 |"), "{text}");
    }
}
