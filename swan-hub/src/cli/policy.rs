//! Shows, checks and compares policies.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use swan_core::{Policy, PolicyDifference, PolicyStamp, Tier};

use super::admin::{AdminError, Terminal};
use super::policy_file::{PolicyFile, load_policy, origin, read_policy};
use super::table::printable;
use crate::error::ConfigError;

/// `swan-hub policy`
#[derive(Debug, Args)]
#[non_exhaustive]
pub struct PolicyArgs {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Print a policy as it is written, to read it or to start one of your own from
    Show {
        /// A built-in policy (swan-2.0, swan-1.0) or a file
        #[arg(value_name = "NAME|FILE", default_value = "swan-2.0")]
        policy: PathBuf,
        /// Print its values as JSON for programs
        #[arg(long)]
        json: bool,
        /// Print its content hash alone
        #[arg(long, conflicts_with = "json")]
        hash: bool,
    },
    /// Say whether a file is a valid policy; exits with 1 if it is not
    Check {
        /// The policy
        #[arg(value_name = "FILE")]
        policy: PathBuf,
        /// Print JSON for programs
        #[arg(long)]
        json: bool,
    },
    /// Print where two policies differ; exits with 0 if they are the same, 1 if not, 2 if one cannot be read
    Diff {
        /// A built-in policy or a file
        #[arg(value_name = "A")]
        before: PathBuf,
        /// A built-in policy or a file
        #[arg(value_name = "B")]
        after: PathBuf,
        /// Print JSON for programs
        #[arg(long)]
        json: bool,
    },
}

/// How the line begins that `show` puts above a document.
const SHOWN_BY: &str = "# Shown by `swan-hub policy show`: ";

pub(super) fn run(args: PolicyArgs, terminal: &mut Terminal<'_>) -> Result<ExitCode, AdminError> {
    match args.command {
        PolicyCommand::Show { policy, json, hash } => {
            let policy = load(&policy)?;
            let stamp = policy.stamp();
            if json {
                let shown = json!({ "stamp": stamp, "policy": policy.source() });
                terminal.json(&shown)?;
            } else if hash {
                writeln!(terminal.out, "{}", full_hash(stamp))?;
            } else {
                show(&policy, terminal)?;
            }
            Ok(ExitCode::SUCCESS)
        }
        PolicyCommand::Check { policy, json } => check(&policy, json, terminal),
        PolicyCommand::Diff {
            before,
            after,
            json,
        } => diff(&load(&before)?, &load(&after)?, json, terminal),
    }
}

fn load(named: &Path) -> Result<Policy, AdminError> {
    load_policy(named).map_err(usage)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is what map_err hands over"
)]
fn usage(error: ConfigError) -> AdminError {
    AdminError::Usage(error.to_string())
}

fn full_hash(stamp: &PolicyStamp) -> String {
    stamp.hash().map(ToString::to_string).unwrap_or_default()
}

fn show(policy: &Policy, terminal: &mut Terminal<'_>) -> Result<(), AdminError> {
    let (version, hash) = (policy.version(), full_hash(policy.stamp()));
    writeln!(terminal.out, "{SHOWN_BY}version {version}, hash {hash}")?;
    let mut text = policy.to_toml();
    // A document that was shown before would show its old hash else.
    if text.starts_with(SHOWN_BY) {
        text = text.split_once('\n').map_or("", |(_, rest)| rest);
    }
    let end = if text.ends_with('\n') { "" } else { "\n" };
    Ok(write!(terminal.out, "{text}{end}")?)
}

fn check(named: &Path, json: bool, terminal: &mut Terminal<'_>) -> Result<ExitCode, AdminError> {
    let PolicyFile { text, policy } = read_policy(named).map_err(usage)?;
    let file = printable(named.display().to_string());
    match policy {
        Ok(policy) => {
            if json {
                terminal.json(&json!({
                    "valid": true, "stamp": policy.stamp(), "summary": summary_json(&policy),
                    "findings": [],
                }))?;
            } else {
                writeln!(terminal.out, "{file} is a valid policy")?;
                for (name, told) in summary(&policy) {
                    writeln!(terminal.out, "{name:<14}{told}")?;
                }
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(_) => {
            let findings = Policy::findings(&text);
            if json {
                let findings: Vec<Value> = findings
                    .iter()
                    .map(|error| {
                        let place = error.place(&text);
                        json!({
                            "key": error.key(), "message": error.to_string(),
                            "line": place.map(|(line, _)| line), "column": place.map(|(_, column)| column),
                        })
                    })
                    .collect();
                terminal.json(&json!({ "valid": false, "findings": findings }))?;
            } else {
                for error in &findings {
                    let at = printable(origin(named, &text, error));
                    writeln!(terminal.out, "{at}: {}", printable(error.to_string()))?;
                }
                writeln!(terminal.err, "{file} is no valid policy")?;
            }
            Ok(ExitCode::FAILURE)
        }
    }
}

/// What a policy comes to, for people who have just written one.
fn summary(policy: &Policy) -> Vec<(&'static str, String)> {
    let phase = policy.split_schedule().in_force();
    let shares = phase.shares();
    vec![
        ("version", policy.version().to_string()),
        ("hash", full_hash(policy.stamp())),
        ("models", models(policy)),
        ("split phase", phase.name().to_owned()),
        (
            "split",
            format!(
                "provider {}, growth fund {}, treasury {}, burn {}",
                shares.provider(),
                shares.growth_fund(),
                shares.treasury(),
                shares.burn()
            ),
        ),
        ("SWAN discount", policy.swan_discount().to_string()),
        ("free tier", free_tier(policy)),
        ("basic income", basic_income(policy)),
    ]
}

const TIERS: [Tier; 4] = [Tier::S, Tier::A, Tier::B, Tier::C];

fn tier_count(policy: &Policy, tier: Tier) -> usize {
    let models = policy.models().iter();
    models.filter(|model| model.tier == tier).count()
}

fn models(policy: &Policy) -> String {
    let by_tier = TIERS.map(|tier| format!("{} in tier {tier}", tier_count(policy, tier)));
    format!("{} ({})", policy.models().len(), by_tier.join(", "))
}

fn free_tier(policy: &Policy) -> String {
    policy.free_tier().map_or_else(
        |_| "no".to_owned(),
        |free| {
            let (models, tokens) = (free.models().len(), free.tokens_per_day());
            format!("{models} models, {tokens} tokens a day")
        },
    )
}

fn basic_income(policy: &Policy) -> String {
    let has = policy.ubi().is_ok();
    (if has { "yes" } else { "no" }).to_owned()
}

fn summary_json(policy: &Policy) -> Value {
    let phase = policy.split_schedule().in_force();
    let shares = phase.shares();
    let by_tier = TIERS.map(|tier| (tier.to_string(), tier_count(policy, tier).into()));
    json!({
        "models": policy.models().len(),
        "models_by_tier": serde_json::Map::from_iter(by_tier),
        "split_phase": phase.name(),
        "split_bps": {
            "provider": shares.provider().get(), "growth_fund": shares.growth_fund().get(),
            "treasury": shares.treasury().get(), "burn": shares.burn().get(),
        },
        "swan_discount_bps": policy.swan_discount().get(),
        "basic_income": policy.ubi().is_ok(),
    })
}

fn diff(
    before: &Policy,
    after: &Policy,
    json: bool,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    let found = before.diff(after);
    if json {
        terminal.json(&json!({
            "before": before.stamp(), "after": after.stamp(), "differences": found,
        }))?;
    } else if !found.is_empty() {
        writeln!(terminal.out, "--- {}", before.stamp())?;
        writeln!(terminal.out, "+++ {}", after.stamp())?;
        for PolicyDifference { key, before, after } in &found {
            for (sign, value) in [('-', before), ('+', after)] {
                if let Some(value) = value {
                    writeln!(
                        terminal.out,
                        "{sign} {}",
                        printable(format!("{key} = {value}"))
                    )?;
                }
            }
        }
    }
    Ok(if found.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}
