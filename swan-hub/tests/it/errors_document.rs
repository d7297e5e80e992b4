//! docs/ERRORS.md against the code: no error is missing there, and no row says otherwise.

use std::fs;
use std::path::Path;

use swan_core::health::{Blame, Counts, Ending};

const PAGE: &str = include_str!("../../../docs/ERRORS.md");

/// The cells of each row.
fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    let rows = PAGE.lines().filter(|line| line.starts_with("| "));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
}

fn has_row(status: &str, kind: &str, code: &str) -> bool {
    rows().any(|row| row.starts_with(&[status, kind, code]))
}

/// Every `Row::new(status, KIND, "code")` in the file.
fn codes(file: &Path) -> Vec<(String, String, String)> {
    let text = fs::read_to_string(file).unwrap();
    let calls = text.split("Row::new(").skip(1);
    let arguments = calls.filter_map(|call| {
        let mut words = call.split(')').next()?.split(',').map(str::trim);
        let (status, kind, code) = (words.next()?, words.next()?, words.next()?);
        let code = code.strip_prefix('"')?.strip_suffix('"')?;
        let kind = kind_of(&text, kind).unwrap_or_else(|| panic!("{kind} in {file:?}"));
        Some((status.to_owned(), kind, code.to_owned()))
    });
    arguments.collect()
}

/// What `const KIND: &str = "kind";` says.
fn kind_of(text: &str, name: &str) -> Option<String> {
    let at = text.find(&format!("const {name}: &str = \""))?;
    Some(text.get(at..)?.split('"').nth(1)?.to_owned())
}

#[test]
fn every_code_that_the_hub_can_answer_is_in_the_document() {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/gateway/answer.rs");
    let codes = codes(&table);
    assert!(codes.len() > 30, "{codes:?}");
    for (status, kind, code) in codes {
        assert!(
            has_row(&status, &kind, &code),
            "docs/ERRORS.md has no row | {status} | {kind} | {code} |"
        );
    }
    for code in [
        "invalid_json",
        "missing_required_parameter",
        "invalid_value",
        "invalid_header",
    ] {
        assert!(has_row("400", "invalid_request_error", code), "{code}");
    }
}

#[test]
fn the_document_says_of_each_ending_what_the_core_says() {
    let status = [400, 401, 404, 408, 413, 422, 429, 500, 503];
    let status = status.map(|code| Ending::Status { code });
    let others = [
        Ending::Served,
        Ending::ContentFilter,
        Ending::Unreachable,
        Ending::Lost,
        Ending::NoFirstByte,
        Ending::Idle,
        Ending::TooLong,
        Ending::Malformed,
        Ending::Cancelled,
        Ending::SlowConsumer,
        Ending::TooLarge,
        Ending::Unsupported,
        Ending::LineBusy,
        Ending::Draining,
        Ending::Outrun,
        Ending::RefusedAlone,
        Ending::HubFailed,
    ];
    for ending in status.into_iter().chain(others) {
        let word = serde_json::to_value(ending).unwrap();
        let word = match ending {
            Ending::Status { code } => format!("status {code}"),
            _ => word["ending"].as_str().unwrap().to_owned(),
        };
        let verdict = ending.verdict();
        let fault = match verdict.blame {
            None => "nobody",
            Some(Blame::Consumer) => "consumer",
            Some(Blame::Provider) => "provider",
            Some(Blame::Hub) => "hub",
        };
        let counts = |counts| match counts {
            Counts::Success => "good",
            Counts::Failure => "bad",
            Counts::Neutral => "-",
        };
        let row = [
            &*word,
            fault,
            if verdict.retry { "yes" } else { "no" },
            counts(verdict.breaker),
            counts(verdict.routing),
            counts(verdict.standing),
        ];
        assert!(
            rows().any(|found| found == row),
            "docs/ERRORS.md lacks {row:?}"
        );
    }
}
