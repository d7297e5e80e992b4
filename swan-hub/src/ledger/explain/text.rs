//! An explanation as people read it.

use std::fmt;

use super::facts::{BalanceOf, Charge, Explanation, Said, Step, Try};

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.kind, self.id)?;
        if let Some(request) = self.request.as_ref().filter(|request| **request != self.id) {
            writeln!(f, "of request {request}")?;
        }
        writeln!(f, "{}", self.summary)?;
        self.balances.iter().try_for_each(|one| balance(one, f))?;
        if !self.said.is_empty() {
            writeln!(f, "\nWhat was said")?;
            self.said.iter().try_for_each(|one| said(one, f))?;
        }
        if !self.steps.is_empty() {
            writeln!(f, "\nThe journal")?;
            self.steps.iter().try_for_each(|one| step(one, f))?;
        }
        if let Some(one) = &self.charge {
            charge(one, f)?;
        }
        if !self.attempts.is_empty() {
            writeln!(f, "\nThe attempts")?;
            self.attempts.iter().try_for_each(|one| attempt(one, f))?;
        }
        for note in &self.notes {
            writeln!(f, "\nNote: {note}")?;
        }
        Ok(())
    }
}

fn balance(one: &BalanceOf, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for rule in &one.by_rule {
        let (name, times, currency) = (rule.rule, rule.transfers, one.currency);
        let (credited, debited) = (rule.credited, rule.debited);
        writeln!(
            f,
            "  by {name}, {times} times: {credited} {currency} credited, {debited} {currency} debited"
        )?;
    }
    Ok(())
}

fn said(one: &Said, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    // Words come from strangers: nothing in them may steer a terminal.
    let plain = |text: &str| text.replace(char::is_control, " ");
    let Said { at, what, .. } = one;
    write!(
        f,
        "  {at}  {what} by {}: {}",
        plain(&one.by),
        plain(&one.says)
    )?;
    if let Some(policy) = &one.policy {
        let hash = one.policy_hash.as_deref().unwrap_or("unknown");
        write!(f, "\n      by policy {policy}, hash {hash}")?;
    }
    writeln!(f)
}

fn step(step: &Step, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Step {
        entry,
        at,
        rule,
        says,
        ..
    } = step;
    write!(f, "  {at}  entry {entry}  {rule}: {says}")?;
    if let Some(policy) = &step.policy {
        let hash = step.policy_hash.as_deref().unwrap_or("unknown");
        write!(f, "\n      by policy {policy}, hash {hash}")?;
    }
    writeln!(f)?;
    for moved in &step.transfers {
        writeln!(
            f,
            "      {} {}: {} {}, {} -> {}",
            moved.kind, moved.id, moved.amount, moved.currency, moved.debit, moved.credit
        )?;
    }
    Ok(())
}

fn charge(charge: &Charge, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(f, "\nThe charge")?;
    writeln!(f, "  model {}", charge.model)?;
    let server = charge
        .provider
        .as_deref()
        .unwrap_or("an endpoint of the hub");
    writeln!(f, "  served by {server}")?;
    let counts = [
        ("prompt tokens", charge.prompt_tokens),
        ("of them cached", charge.cached_tokens),
        ("completion tokens", charge.completion_tokens),
        ("images", charge.images),
        ("ms of audio", charge.audio_ms),
    ];
    for (name, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
        writeln!(f, "  {name} {count}")?;
    }
    writeln!(f, "  counts are {}: {}", charge.basis, charge.basis_means)?;
    for price in &charge.prices {
        writeln!(f, "  {} USD for {}", price.usd, price.of)?;
    }
    if let Some(discount) = &charge.discount {
        writeln!(f, "  discount {discount}")?;
    }
    if let Some(rate) = &charge.exchange_rate {
        writeln!(f, "  exchange rate {rate}")?;
    }
    if let Some(usd) = charge.usd {
        writeln!(f, "  worth {usd} USD")?;
    }
    writeln!(f, "\nThe arithmetic")?;
    for line in &charge.arithmetic {
        writeln!(f, "  {line}")?;
    }
    Ok(())
}

fn attempt(attempt: &Try, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (from, to) = (attempt.started_ms, attempt.ended_ms);
    // Names come from strangers: nothing in them may steer a terminal.
    let name: String = attempt.name.chars().filter(|c| !c.is_control()).collect();
    write!(
        f,
        "  {from} ms to {to} ms  {name} ({}): {}",
        attempt.provider, attempt.ending
    )?;
    if let Some(status) = attempt.status {
        write!(f, ", status {status}")?;
    }
    if let Some(blame) = attempt.blame {
        write!(f, ", speaks against the {blame}")?;
    }
    if attempt.chosen {
        write!(f, ", its answer went out")?;
    }
    writeln!(f)
}
