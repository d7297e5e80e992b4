//! All paths side by side, in interleaved rounds, so that a disturbance of the machine meets all of them.

mod paths;
mod scenario;
mod scoreboard;
mod table;

use std::path::PathBuf;

use self::paths::{Path, Paths};
use self::scenario::Scenario;
use self::table::{Cell, Table};
use crate::Failure;
use crate::load::{Load, LoadReport, Operation};
use crate::market::programs;
use crate::process::output_of;

/// How to compare.
#[derive(Debug, Clone, clap::Parser)]
#[non_exhaustive]
pub struct CompareArgs {
    /// Rounds; the table shows the medians over them.
    #[arg(long, default_value_t = 5)]
    pub rounds: usize,
    /// Milliseconds of one measurement.
    #[arg(long, default_value_t = 1500)]
    pub millis: u64,
    /// Connections in the measurements under load.
    #[arg(long, default_value_t = 64)]
    pub connections: usize,
    /// Connections in the measurement of embeddings.
    #[arg(long, default_value_t = 16)]
    pub embeddings: usize,
    /// Connections in the measurement of paced streams, 20 ms between two chunks.
    #[arg(long, default_value_t = 256)]
    pub paced: usize,
    /// When a charge counts as safe: relaxed, strict or both; one table each.
    #[arg(long, value_delimiter = ',', default_value = "relaxed,strict")]
    pub durability: Vec<String>,
    /// Three rounds of short measurements, in less than two minutes.
    #[arg(long)]
    pub quick: bool,
    /// One round of the shortest measurements, to see that everything works; its figures mean nothing.
    #[arg(long)]
    pub smoke: bool,
    /// Only these paths: direct, bare-proxy, hub-external, hub-v2, hub-v1.
    #[arg(long, value_delimiter = ',')]
    pub only: Vec<String>,
    /// Only these cases, by their names, for instance completions-64.
    #[arg(long, value_delimiter = ',')]
    pub cases: Vec<String>,
    /// The folder of the programs; that of this program when it is not given.
    #[arg(long)]
    pub programs: Option<PathBuf>,
    /// Also write every single measurement to this file, as JSON lines.
    #[arg(long)]
    pub raw: Option<PathBuf>,
}

impl CompareArgs {
    fn scenarios(&self) -> impl Iterator<Item = Scenario> + use<'_> {
        let all = [
            (Operation::Chat, false, 1, 0),
            (Operation::Chat, false, self.connections, 0),
            (Operation::Embeddings, false, self.embeddings, 0),
            (Operation::Chat, true, 1, 0),
            (Operation::Chat, true, self.connections, 0),
            (Operation::Chat, true, self.paced, 20),
        ];
        all.into_iter()
            .map(|(operation, stream, connections, pace_ms)| Scenario {
                operation,
                stream,
                connections,
                pace_ms,
            })
            .filter(|scenario| self.cases.is_empty() || self.cases.contains(&scenario.name()))
    }

    /// The most requests that are under way at once.
    fn most_at_once(&self) -> usize {
        self.connections.max(self.paced).max(self.embeddings)
    }

    fn shortened(mut self) -> Self {
        if self.quick {
            self.rounds = self.rounds.min(3);
            self.millis = self.millis.min(600);
        }
        if self.smoke {
            self.rounds = 1;
            self.millis = self.millis.min(200);
            self.connections = self.connections.min(16);
            self.embeddings = self.embeddings.min(4);
            self.paced = self.paced.min(16);
        }
        self
    }
}

/// The comparison, with every part started and answering.
#[derive(Debug)]
pub struct Compare {
    args: CompareArgs,
    paths: Paths,
    load: PathBuf,
}

impl Compare {
    /// Starts all parts and waits until each path answers.
    ///
    /// # Errors
    /// When a program is missing, ends, or does not answer in time; the end of its output is part of the message.
    pub async fn start(args: CompareArgs) -> Result<Self, Failure> {
        let args = args.shortened();
        let programs = programs(args.programs.as_deref())?;
        let paths = Paths::start(&programs, &args).await?;
        Ok(Self {
            args,
            paths,
            load: programs.join("load"),
        })
    }

    /// Runs all rounds and answers the tables and the scoreboard as Markdown.
    ///
    /// # Errors
    /// When a part has ended, or any answer was wrong.
    pub async fn run(mut self) -> Result<String, Failure> {
        let mut tables: Vec<Table> = self.args.scenarios().map(Table::new).collect();
        let mut raw = String::new();
        for round in 0..self.args.rounds {
            for table in &mut tables {
                self.paths.alive()?;
                for path in self.paths.each() {
                    let scenario = table.scenario();
                    if !path.serves(scenario.operation) {
                        continue;
                    }
                    let cell = measure(&self.load, path, scenario, self.args.millis).await?;
                    raw.push_str(&cell.raw(round, path.name(), path.durability(), scenario));
                    table.add(path.name(), path.durability(), cell);
                }
            }
        }
        if let Some(file) = &self.args.raw {
            std::fs::write(file, raw)?;
        }
        let mut text = String::new();
        for durability in &self.args.durability {
            text.push_str(&format!("## durability = \"{durability}\"\n\n"));
            for table in &tables {
                text.push_str(&table.markdown(durability));
                text.push('\n');
            }
        }
        text.push_str(&scoreboard::markdown(&tables, &self.args.durability));
        Ok(text)
    }
}

async fn measure(
    load: &std::path::Path,
    path: &mut Path,
    scenario: Scenario,
    millis: u64,
) -> Result<Cell, Failure> {
    path.alive()?;
    let args = load_args(&path.load(scenario.operation), scenario, millis);
    let before = path.cpu()?;
    let report: LoadReport = serde_json::from_str(&output_of(load, &args).await?)?;
    let after = path.cpu()?;
    if report.errors > 0 || report.requests == 0 {
        let first = report
            .first_error
            .unwrap_or_else(|| "no answer at all".to_owned());
        return Err(format!(
            "{}, {}: {} wrong answers, the first: {first}\n{}",
            path.name(),
            scenario.name(),
            report.errors,
            path.output()
        )
        .into());
    }
    Ok(Cell::new(report, before, after, path.resident()?))
}

fn load_args(load: &Load, scenario: Scenario, millis: u64) -> Vec<String> {
    let mut args = vec![
        format!("--target={}", load.target),
        format!("--model={}", load.model),
        format!("--operation={}", scenario.operation.flag()),
        format!("--connections={}", scenario.connections),
        format!("--millis={millis}"),
        format!("--pace-ms={}", scenario.pace_ms),
    ];
    args.extend(load.key.iter().map(|key| format!("--key={key}")));
    args.extend(scenario.stream.then(|| "--stream".to_owned()));
    args
}
