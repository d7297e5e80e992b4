use std::collections::BTreeMap;
use std::fmt::Write as _;

use bytes::Bytes;
use serde::Serialize;
use swan_core::{Amount, Currency};

#[cfg(feature = "parquet")]
use super::parquet::ParquetWriter;
use super::{Row, UsageError, UsageFormat, UsageQuery};
use crate::documents::Sum;

const COLUMNS: &str = "time,request,key_id,model,requests,prompt_tokens,cached_tokens,completion_tokens,images,audio_ms,currency,cost";

/// Writes rows in one of the formats.
#[derive(Debug)]
pub(super) enum Writer {
    Text(TextWriter),
    #[cfg(feature = "parquet")]
    Parquet(Box<ParquetWriter>),
}

impl Writer {
    pub(super) fn new(query: &UsageQuery) -> Result<Self, UsageError> {
        match query.format {
            #[cfg(feature = "parquet")]
            UsageFormat::Parquet => ParquetWriter::new().map(Box::new).map(Self::Parquet),
            _ => Ok(Self::Text(TextWriter::new(query))),
        }
    }

    /// What can be written with these rows; they are the last ones where there are totals.
    pub(super) fn piece(
        &mut self,
        rows: Vec<Row>,
        totals: Option<&BTreeMap<Currency, Sum>>,
    ) -> Result<Bytes, UsageError> {
        match self {
            Self::Text(writer) => {
                let mut out = String::new();
                writer.open(&mut out);
                for row in rows {
                    writer.row(&row, &mut out);
                }
                if let Some(totals) = totals {
                    writer.close(totals, &mut out);
                }
                Ok(Bytes::from(out))
            }
            #[cfg(feature = "parquet")]
            Self::Parquet(writer) => writer.piece(rows, totals.is_some()),
        }
    }
}

/// Writes rows as text.
#[derive(Debug)]
pub(super) struct TextWriter {
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

impl TextWriter {
    fn new(query: &UsageQuery) -> Self {
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
            _ => String::new(),
        };
        Self {
            format: query.format,
            head: Some(head),
            is_first: true,
        }
    }

    fn open(&mut self, out: &mut String) {
        out.push_str(&self.head.take().unwrap_or_default());
    }

    fn row(&mut self, row: &Row, out: &mut String) {
        match self.format {
            UsageFormat::Csv => csv(row, out),
            UsageFormat::Json => {
                out.push_str(if self.is_first { "\n" } else { ",\n" });
                out.push_str(&json(row));
            }
            _ => {
                out.push_str(&json(row));
                out.push('\n');
            }
        }
        self.is_first = false;
    }

    fn close(&self, totals: &BTreeMap<Currency, Sum>, out: &mut String) {
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
