//! The targets beside the figures.

use std::fmt::Write as _;

use super::scenario::Measure;
use super::table::Table;

/// One line for each case and path that has a target, with a figure and a verdict for each durability.
pub(super) fn markdown(tables: &[Table], durabilities: &[String]) -> String {
    let mut text = String::from("## Targets\n\n| case | path | figure | at most |");
    for durability in durabilities {
        let _infallible = write!(text, " {durability} |");
    }
    text.push_str("\n|---|---|---|---|");
    text.push_str(&"---|".repeat(durabilities.len()));
    text.push('\n');
    for table in tables {
        for path in ["hub-external", "hub-v2", "hub-v1"] {
            let Some(target) = table.scenario().target(path) else {
                continue;
            };
            let _infallible = write!(
                text,
                "| {} | {path} | {} | {} |",
                table.scenario().title(),
                target.measure.shown(),
                target.at_most
            );
            for durability in durabilities {
                let figure = match target.measure {
                    Measure::CpuRatio => table.ratio(path, durability),
                    Measure::FirstAdded => table.first_added(path, durability),
                    Measure::Resident => table.resident(path, durability),
                };
                let _infallible = match figure {
                    None => write!(text, " not served |"),
                    Some(figure) if figure <= target.at_most => write!(text, " {figure:.2} met |"),
                    Some(figure) => write!(text, " **{figure:.2} missed** |"),
                };
            }
            text.push('\n');
        }
    }
    text
}
