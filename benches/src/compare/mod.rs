//! All paths side by side, in interleaved rounds, so that a disturbance of the machine meets all of them.

mod paths;
mod table;

use std::path::PathBuf;

use self::paths::{Path, Paths};
use self::table::{Cell, Table};
use crate::Failure;
use crate::load::{Load, LoadReport};
use crate::process::output_of;

/// How to compare.
#[derive(Debug, Clone, clap::Parser)]
#[non_exhaustive]
pub struct CompareArgs {
    /// Rounds; the table shows the medians over them.
    #[arg(long, default_value_t = 5)]
    pub rounds: usize,
    /// Milliseconds of one measurement.
    #[arg(long, default_value_t = 2000)]
    pub millis: u64,
    /// Connections in the measurements under load.
    #[arg(long, default_value_t = 64)]
    pub connections: usize,
    /// Connections in the measurement of paced streams, 20 ms between two chunks; an endpoint of the hub takes 100 at most.
    #[arg(long, default_value_t = 96)]
    pub paced: usize,
    /// One round of short measurements, to see that everything works; its figures mean nothing.
    #[arg(long)]
    pub smoke: bool,
    /// Only these paths: direct, bare-proxy, hub-v2, hub-v1, hub-external.
    #[arg(long, value_delimiter = ',')]
    pub only: Vec<String>,
    /// The folder of the programs; that of this program when it is not given.
    #[arg(long)]
    pub programs: Option<PathBuf>,
    /// Also write every single measurement to this file, as JSON lines.
    #[arg(long)]
    pub raw: Option<PathBuf>,
}

/// One kind of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Scenario {
    stream: bool,
    connections: usize,
    pace_ms: u64,
}

impl CompareArgs {
    fn scenarios(&self) -> impl Iterator<Item = Scenario> + use<> {
        let all = [
            (false, 1, 0),
            (false, self.connections, 0),
            (true, 1, 0),
            (true, self.connections, 0),
            (true, self.paced, 20),
        ];
        all.into_iter()
            .map(|(stream, connections, pace_ms)| Scenario {
                stream,
                connections,
                pace_ms,
            })
    }

    /// The most requests that are under way at once.
    fn most_at_once(&self) -> usize {
        self.connections.max(self.paced)
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
    pub async fn start(mut args: CompareArgs) -> Result<Self, Failure> {
        if args.smoke {
            args.rounds = 1;
            args.millis = args.millis.min(300);
            args.connections = args.connections.min(16);
            args.paced = args.paced.min(16);
        }
        let programs = match &args.programs {
            Some(folder) => folder.canonicalize()?,
            None => std::env::current_exe()?
                .parent()
                .ok_or("this program has no folder")?
                .to_owned(),
        };
        let paths = Paths::start(&programs, &args).await?;
        Ok(Self {
            args,
            paths,
            load: programs.join("load"),
        })
    }

    /// Runs all rounds and answers the tables as Markdown.
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
                    let cell =
                        measure(&self.load, path, table.scenario(), self.args.millis).await?;
                    raw.push_str(&cell.raw(round, path.name(), table.scenario()));
                    table.add(path.name(), cell);
                }
            }
        }
        if let Some(file) = &self.args.raw {
            std::fs::write(file, raw)?;
        }
        Ok(tables
            .iter()
            .map(Table::markdown)
            .collect::<Vec<_>>()
            .join("\n"))
    }
}

async fn measure(
    load: &std::path::Path,
    path: &mut Path,
    scenario: Scenario,
    millis: u64,
) -> Result<Cell, Failure> {
    path.alive()?;
    let args = load_args(&path.load(), scenario, millis);
    let before = path.cpu()?;
    let report: LoadReport = serde_json::from_str(&output_of(load, &args).await?)?;
    let after = path.cpu()?;
    if report.errors > 0 || report.requests == 0 {
        let first = report
            .first_error
            .unwrap_or_else(|| "no answer at all".to_owned());
        return Err(format!(
            "{}: {} wrong answers, the first: {first}\n{}",
            path.name(),
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
        format!("--connections={}", scenario.connections),
        format!("--millis={millis}"),
        format!("--pace-ms={}", scenario.pace_ms),
    ];
    args.extend(load.key.iter().map(|key| format!("--key={key}")));
    args.extend(scenario.stream.then(|| "--stream".to_owned()));
    args
}
