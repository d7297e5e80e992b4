//! Plays a year of a market and shows whether cheating pays under a policy.
//!
//! ```text
//! cargo run --release -p swan-examples --bin economy -- [--seed N] [--days N] [--policy FILE] [--chart FILE.svg]
//! ```
//!
//! The rules are those of `swan-core`; what providers do is assumed (`swan_core::simulation::Conduct`). The table tells how one
//! provider of each kind fared. For a kind that does better than the honest it names the rule that lets it, and plays the same year
//! again under the policy that closes it.
#![expect(clippy::print_stdout, reason = "a program that talks to a person")]

use std::error::Error;
use std::path::{Path, PathBuf};

use plotters::prelude::*;
use swan_core::simulation::{Behaviour, Report, Scenario, Simulation, remedies};
use swan_core::{Amount, Policy, PolicyVersion};

struct Args {
    seed: u64,
    days: u32,
    policy: Policy,
    chart: PathBuf,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Args {
        seed,
        days,
        policy,
        chart,
    } = args()?;
    let scenario = Scenario {
        days,
        ..Scenario::year(seed)
    };
    let report = Simulation::new(scenario.clone(), policy.clone())?.run()?;
    println!("{days} days under {}, seed {seed}", report.policy);
    table(&report)?;
    for remedy in remedies(&report)? {
        let version = PolicyVersion::new(&format!("{}-remedy", policy.version()))
            .ok_or("the version of the policy is too long for a remedy's")?;
        println!("\n{} pays: {}", remedy.behaviour, remedy.because);
        for (key, value) in &remedy.changes {
            println!("  {key} = {value}");
        }
        let closed = remedy.applied(&policy, version)?;
        table(&Simulation::new(scenario.clone(), closed)?.run()?)?;
    }
    draw(&report, &chart)?;
    println!("\nprofits day by day: {}", chart.display());
    Ok(())
}

fn args() -> Result<Args, Box<dyn Error>> {
    let mut args = Args {
        seed: 7,
        days: 365,
        policy: Policy::swan_2_0(),
        chart: PathBuf::from("economy.svg"),
    };
    let mut words = std::env::args().skip(1);
    while let Some(flag) = words.next() {
        let value = words
            .next()
            .ok_or_else(|| format!("{flag} needs a value"))?;
        match flag.as_str() {
            "--seed" => args.seed = value.parse()?,
            "--days" => args.days = value.parse()?,
            "--policy" => args.policy = Policy::from_toml(&std::fs::read_to_string(value)?)?,
            "--chart" => args.chart = PathBuf::from(value),
            _ => {
                return Err(format!(
                    "{flag} is not known; there are --seed, --days, --policy and --chart"
                )
                .into());
            }
        }
    }
    Ok(args)
}

/// How one provider of each kind fared, in dollars.
fn table(report: &Report) -> Result<(), Box<dyn Error>> {
    println!(
        "{:<15} {:>5} {:>6} {:>10} {:>10} {:>10} {:>10} {:>8}  ",
        "kind", "slots", "names", "earned", "cost", "slashed", "profit", "removed"
    );
    let verdicts = report.verdicts()?;
    for outcome in &report.outcomes {
        let pays = verdicts
            .iter()
            .find(|verdict| verdict.behaviour == outcome.behaviour);
        let each = |sum: Amount| Amount::from_pico(sum.pico() / i128::from(outcome.slots.max(1)));
        println!(
            "{:<15} {:>5} {:>6} {:>10} {:>10} {:>10} {:>10} {:>8}  {}",
            outcome.behaviour,
            outcome.slots,
            outcome.identities,
            cents(each(outcome.earned)?),
            cents(each(outcome.cost)?),
            cents(each(outcome.slashed)?),
            cents(outcome.profit_per_slot()?),
            outcome.removals,
            match pays {
                None => "",
                Some(verdict) if verdict.pays() => "cheating pays",
                Some(_) => "does not pay",
            }
        );
    }
    println!(
        "consumers paid {} for {} requests, {} found nobody; split phase at the end: {}",
        cents(report.revenue),
        report.served,
        report.unserved,
        report.days.last().map_or("-", |day| day.phase.as_str())
    );
    Ok(())
}

/// An amount to the cent, for people to read.
fn cents(amount: Amount) -> String {
    let cents = amount.pico() / 10_000_000_000;
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100)
}

/// What one provider of each kind has made since the start, day by day.
fn draw(report: &Report, path: &Path) -> Result<(), Box<dyn Error>> {
    // A chart may be approximate: nothing is decided by it.
    let dollars = |amount: &Amount| cents(*amount).parse::<f64>().unwrap_or(0.0);
    let all = || {
        report
            .days
            .iter()
            .flat_map(|day| day.profits.iter().map(dollars))
    };
    let (least, most) = (all().fold(0.0, f64::min), all().fold(1.0, f64::max));
    let days = u32::try_from(report.days.len())?;

    let area = SVGBackend::new(path, (960, 540)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(
            format!(
                "Profit of one provider, in dollars ({})",
                report.policy.version()
            ),
            ("sans-serif", 20),
        )
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(60)
        .build_cartesian_2d(0..days, least..most * 1.05)?;
    chart
        .configure_mesh()
        .x_desc("day")
        .y_desc("dollars")
        .draw()?;
    for (position, outcome) in report.outcomes.iter().enumerate() {
        let colour = Palette99::pick(position).to_rgba();
        let line = report
            .days
            .iter()
            .zip(1..)
            .filter_map(|(day, number)| Some((number, dollars(day.profits.get(position)?))));
        let width = if outcome.behaviour == Behaviour::Honest {
            3
        } else {
            1
        };
        chart
            .draw_series(LineSeries::new(line, colour.stroke_width(width)))?
            .label(outcome.behaviour.as_str())
            .legend(move |(x, y)| {
                PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(width))
            });
    }
    chart
        .configure_series_labels()
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK)
        .draw()?;
    area.present()?;
    Ok(())
}
