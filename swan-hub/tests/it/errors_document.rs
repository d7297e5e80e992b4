//! docs/ERRORS.md against the code: no error is missing there, and no row says otherwise.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use swan_core::health::{Blame, Counts, Ending};

const PAGE: &str = include_str!("../../../docs/ERRORS.md");

/// The cells of each row.
fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    let rows = PAGE.lines().filter(|line| line.starts_with("| "));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
}

fn row(status: &str, kind: &str, code: &str) -> Option<Vec<&'static str>> {
    rows().find(|row| row.starts_with(&[status, kind, code]))
}

/// Status, type and code of an error.
type Error = (String, String, String);

/// What one place in the code says beside these: which `param`, and when to try again. As it stands there: a text in quotes, a number,
/// or what computes it.
#[derive(Debug)]
struct Said {
    param: Option<String>,
    retry: Option<String>,
}

/// How a file writes its errors: what begins one, and what gives it a `param`.
struct Style {
    begins: &'static str,
    param: &'static str,
}

/// Every `Row::new(status, KIND, "code")` in the file, with what is called on it.
fn errors(file: &Path, style: &Style, found: &mut BTreeMap<Error, Vec<Said>>) {
    let text = fs::read_to_string(file).unwrap();
    for call in text.split(style.begins).skip(1) {
        let Some((arguments, mut rest)) = call.split_once(')') else {
            continue;
        };
        let words: Vec<&str> = arguments.split(',').map(str::trim).collect();
        let [status, kind, code, ..] = words.as_slice() else {
            continue;
        };
        let Some(code) = quoted(code) else { continue };
        let named = || kind_of(&text, kind).unwrap_or_else(|| panic!("{kind} in {file:?}"));
        let kind = quoted(kind).unwrap_or_else(named);
        let mut said = Said {
            param: None,
            retry: None,
        };
        while let Some((name, value, after)) = method(rest) {
            match name {
                "retry" => said.retry = Some(value.to_owned()),
                name if name == style.param => said.param = Some(value.to_owned()),
                _ => {}
            }
            rest = after;
        }
        let error = ((*status).to_owned(), kind, code);
        found.entry(error).or_default().push(said);
    }
}

/// The next `.name(value)`, and what follows it.
fn method(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.trim_start().strip_prefix('.')?.split_once('(')?;
    let mut depth = 1;
    let end = rest.find(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth == 0
    })?;
    Some((name, rest.get(..end)?.trim(), rest.get(end + 1..)?))
}

fn quoted(word: &str) -> Option<String> {
    Some(word.strip_prefix('"')?.strip_suffix('"')?.to_owned())
}

/// What `const KIND: &str = "kind";` says.
fn kind_of(text: &str, name: &str) -> Option<String> {
    let at = text.find(&format!("const {name}: &str = \""))?;
    Some(text.get(at..)?.split('"').nth(1)?.to_owned())
}

/// Whether the cell tells every `param` that the code gives, and that there may be none.
fn tells_param(cell: &str, said: &[Said]) -> bool {
    // "the member" is whichever it is.
    if cell.starts_with("the ") {
        return true;
    }
    let literal = |it: &Said| it.param.as_deref().and_then(quoted);
    let named = said.iter().filter_map(literal);
    let is_named = |name: String| cell.split([' ', ',']).any(|word| word == name);
    let (some, none) = (
        said.iter().any(|it| it.param.is_some()),
        said.iter().any(|it| it.param.is_none()),
    );
    // "max_tokens, where ..." is a param that is not always there.
    named.into_iter().all(is_named)
        && cell.is_empty() != some
        && (!none || !some || cell.contains(','))
}

/// Whether the cell tells every number of seconds, says in words what is computed, and "yes" or "no" where there is neither.
fn tells_retry(cell: &str, said: &[Said]) -> bool {
    said.iter().all(|it| match it.retry.as_deref() {
        None => matches!(cell, "yes" | "no"),
        Some(secs) if secs.parse::<u64>().is_ok() => {
            cell.split([' ', ',', ';']).any(|word| word == secs)
        }
        Some(_) => cell.contains(' '),
    })
}

#[test]
fn every_error_is_in_the_document_with_its_param_and_when_to_try_again() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeMap::new();
    let (row_new, refusal) = (
        Style {
            begins: "Row::new(",
            param: "param",
        },
        Style {
            begins: "refusal(",
            param: "of",
        },
    );
    errors(&source.join("gateway/answer.rs"), &row_new, &mut found);
    let gateway = found.len();
    let market = fs::read_dir(source.join("market")).unwrap();
    let mut files: Vec<PathBuf> = market.map(|file| file.unwrap().path()).collect();
    files.sort();
    for file in &files {
        errors(file, &refusal, &mut found);
    }
    assert!(gateway > 30 && found.len() > gateway + 5, "{found:#?}");
    for ((status, kind, code), said) in &found {
        let row = row(status, kind, code);
        let row = row
            .unwrap_or_else(|| panic!("docs/ERRORS.md has no row | {status} | {kind} | {code} |"));
        assert!(
            tells_param(row[3], said),
            "the param of {code}: {:?}, and the code: {said:?}",
            row[3]
        );
        assert!(
            tells_retry(row[4], said),
            "when to try {code} again: {:?}, and the code: {said:?}",
            row[4]
        );
    }
    for (status, begins) in [("404", "not_found("), ("409", "conflict(")] {
        for file in &files {
            let text = fs::read_to_string(file).unwrap();
            let calls = text.split(begins).skip(1);
            for code in calls.filter_map(|call| quoted(call.split(',').next()?.trim())) {
                let is_told =
                    |row: Vec<&str>| row[0] == status && row[2].split(", ").any(|it| it == code);
                assert!(rows().any(is_told), "docs/ERRORS.md does not name {code}");
            }
        }
    }
    for code in [
        "invalid_json",
        "missing_required_parameter",
        "invalid_value",
        "invalid_header",
    ] {
        assert!(
            row("400", "invalid_request_error", code).is_some(),
            "{code}"
        );
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
