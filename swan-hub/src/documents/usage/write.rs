use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use swan_core::{Amount, Currency};

use super::{Row, UsageFormat, UsageQuery};
use crate::documents::Sum;

const COLUMNS: &str = "time,request,key_id,model,requests,prompt_tokens,cached_tokens,completion_tokens,images,audio_ms,currency,cost";

/// Writes rows in one of the formats.
#[derive(Debug)]
pub(super) struct Writer {
    format: UsageFormat,
    /// What stands before the first row; taken once it is written.
    head: Option<String>,
    is_first: bool,
}

#[derive(Serialize)]
struct Total {
    currency: &'static str,
    requests: u64,
    cost: Amount,
}

impl Writer {
    pub(super) fn new(query: &UsageQuery) -> Self {
        let head = match query.format {
            UsageFormat::Csv => format!("{COLUMNS}\r\n"),
            UsageFormat::Json => {
                let UsageQuery {
                    account, from, to, ..
                } = query;
                format!(
                    r#"{{"object":"usage","account":"{account}","from":"{from}","to":"{to}","data":["#
                )
            }
            UsageFormat::JsonLines => String::new(),
        };
        Self {
            format: query.format,
            head: Some(head),
            is_first: true,
        }
    }

    pub(super) fn open(&mut self, out: &mut String) {
        out.push_str(&self.head.take().unwrap_or_default());
    }

    pub(super) fn row(&mut self, row: &Row, out: &mut String) {
        match self.format {
            UsageFormat::Csv => csv(row, out),
            UsageFormat::Json => {
                out.push_str(if self.is_first { "\n" } else { ",\n" });
                out.push_str(&json(row));
            }
            UsageFormat::JsonLines => {
                out.push_str(&json(row));
                out.push('\n');
            }
        }
        self.is_first = false;
    }

    pub(super) fn close(&self, totals: &BTreeMap<Currency, Sum>, out: &mut String) {
        if self.format == UsageFormat::Json {
            let totals: Vec<Total> = totals
                .iter()
                .map(|(currency, sum)| Total {
                    currency: currency.code(),
                    requests: sum.requests,
                    cost: sum.cost,
                })
                .collect();
            out.push_str("\n],\"totals\":");
            out.push_str(&json(&totals));
            out.push_str("}\n");
        }
    }
}

/// Texts and numbers always serialise.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn csv(row: &Row, out: &mut String) {
    let texts = [
        row.time.clone(),
        row.request.map(|id| id.to_string()),
        row.key.map(|id| id.to_string()),
        row.model.as_ref().map(ToString::to_string),
    ];
    for text in &texts {
        cell(text.as_deref().unwrap_or_default(), out);
        out.push(',');
    }
    let Row {
        requests,
        prompt_tokens,
        cached_tokens,
        completion_tokens,
        ..
    } = row;
    let Row {
        images,
        audio_ms,
        currency,
        cost,
        ..
    } = row;
    // Writing into a text cannot fail.
    let _ = write!(
        out,
        "{requests},{prompt_tokens},{cached_tokens},{completion_tokens},{images},{audio_ms},{currency},{cost}\r\n"
    );
}

/// One cell. Names may come from strangers: none ends its cell, and none begins as a formula does, which a spreadsheet would
/// carry out.
fn cell(text: &str, out: &mut String) {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    if !is_formula && !text.contains([',', '"', '\r', '\n']) {
        return out.push_str(text);
    }
    out.push('"');
    if is_formula {
        out.push('\'');
    }
    out.push_str(&text.replace('"', "\"\""));
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn names_stay_in_their_cells_and_are_no_formulas() {
        for (name, expected) in [
            ("Qwen/Qwen3-8B", "Qwen/Qwen3-8B"),
            ("", ""),
            ("a,b", "\"a,b\""),
            ("say\"so", "\"say\"\"so\""),
            ("two\r\nlines", "\"two\r\nlines\""),
            ("=1+1", "\"'=1+1\""),
            ("+1", "\"'+1\""),
            ("-cmd|' /C calc'!A0", "\"'-cmd|' /C calc'!A0\""),
            ("@SUM(\"x\")", "\"'@SUM(\"\"x\"\")\""),
            ("\t=1", "\"'\t=1\""),
        ] {
            let mut out = String::new();
            cell(name, &mut out);
            assert_eq!(out, expected);
        }
    }
}
