//! Words while it runs, and the result.

use std::io::{self, Write as _};

use serde_json::{Value, json};
use swan_core::benchmark::{BenchmarkVerdict, Evidence, Item, TestScore};

use super::Graded;

#[expect(clippy::print_stderr, reason = "words for people go to standard error")]
pub(super) fn progress(number: u64, wanted: u64, item: &Item, evidence: &Evidence) {
    let (kind, family) = (item.kind(), item.family());
    eprintln!("{number}/{wanted} {kind} {family}: {}", evidence.reason);
}

/// One line an item and one a test, or the same as JSON.
pub(super) fn result(
    graded: &[Graded],
    verdict: &BenchmarkVerdict,
    is_json: bool,
) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if is_json {
        return writeln!(out, "{}", as_json(graded, verdict));
    }
    for Graded { item, evidence } in graded {
        let timing = evidence
            .whole_ms
            .map_or_else(|| "-".to_owned(), |ms| format!("{ms} ms"));
        writeln!(
            out,
            "{:5} {:016x} {:17} level {} {:>9} {}",
            item.kind().to_string(),
            item.seed().get(),
            item.family(),
            item.level(),
            timing,
            evidence.reason
        )?;
    }
    for test in verdict.score.tests() {
        writeln!(
            out,
            "{}: {} of {} ({}, {} to {}, needed {}): {}",
            test.test,
            test.passed,
            test.passed + test.failed,
            test.share,
            test.interval.low,
            test.interval.high,
            test.needed,
            test.verdict
        )?;
    }
    if let Some(latency) = verdict.score.latency_ms {
        writeln!(out, "latency of the median answer: {latency} ms")?;
    }
    writeln!(out, "verdict: {}", verdict.verdict)
}

fn as_json(graded: &[Graded], verdict: &BenchmarkVerdict) -> Value {
    let items: Vec<Value> = graded
        .iter()
        .map(|Graded { item, evidence }| {
            json!({
                "kind": item.kind(),
                "family": item.family(),
                "level": item.level(),
                "question": item.question(),
                "evidence": evidence,
            })
        })
        .collect();
    let tests: Vec<&TestScore> = verdict.score.tests().into_iter().collect();
    json!({
        "verdict": verdict.verdict,
        "tests": tests,
        "latency_ms": verdict.score.latency_ms,
        "ungradable": verdict.score.ungradable,
        "grounds": verdict.grounds,
        "items": items,
    })
}
