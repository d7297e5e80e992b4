//! Tables for a terminal: columns as wide as their widest cell, numbers to the right.

use std::io::{self, Write};

use serde_json::Value;

use super::admin::{AdminError, Terminal};

/// How a list is shown: as JSON, or as a table with these columns.
pub(super) struct List<T, const N: usize> {
    pub(super) heading: [&'static str; N],
    pub(super) row: fn(&T) -> [String; N],
    pub(super) json: fn(&T) -> Value,
    /// What is said where there is nothing.
    pub(super) empty: &'static str,
}

impl<T, const N: usize> List<T, N> {
    pub(super) fn show(
        &self,
        items: &[T],
        is_json: bool,
        terminal: &mut Terminal<'_>,
    ) -> Result<(), AdminError> {
        if is_json {
            let rows: Vec<Value> = items.iter().map(self.json).collect();
            return terminal.json(&rows);
        }
        let mut table = Table::new(&self.heading);
        for item in items {
            table.row((self.row)(item));
        }
        Ok(table.write(terminal.out, self.empty)?)
    }
}

/// A table with a heading.
#[derive(Debug)]
pub(super) struct Table {
    heading: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(heading: &[&'static str]) -> Self {
        Self {
            heading: heading.to_vec(),
            rows: Vec::new(),
        }
    }

    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.map(printable).into());
    }

    /// Writes the heading and the rows, or `empty` when there are none.
    pub(super) fn write(&self, out: &mut (impl Write + ?Sized), empty: &str) -> io::Result<()> {
        if self.rows.is_empty() {
            return writeln!(out, "{empty}");
        }
        let mut widths: Vec<usize> = self.heading.iter().map(|name| name.len()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let heading: Vec<String> = self.heading.iter().map(|name| (*name).to_owned()).collect();
        for row in std::iter::once(&heading).chain(&self.rows) {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                if !line.is_empty() {
                    line.push_str("  ");
                }
                let pad = " ".repeat(width - cell.chars().count().min(*width));
                if is_number(cell) {
                    line.push_str(&pad);
                    line.push_str(cell);
                } else {
                    line.push_str(cell);
                    line.push_str(&pad);
                }
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

fn is_number(cell: &str) -> bool {
    let digits = cell.strip_prefix('-').unwrap_or(cell);
    !digits.is_empty()
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// Names come from strangers: nothing in them may steer the terminal.
pub(super) fn printable(text: String) -> String {
    if text.chars().any(char::is_control) {
        text.chars()
            .map(|c| if c.is_control() { '\u{fffd}' } else { c })
            .collect()
    } else {
        text
    }
}

/// A moment as UTC: `2026-11-21 08:15:00`.
pub(super) fn moment(at: swan_core::Timestamp) -> String {
    let seconds = at.as_secs();
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// Days since 1970 as a date of the Gregorian calendar, counted in eras of 400 years that begin in March.
const fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = era * 400 + year_of_era + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use swan_core::Timestamp;

    use super::*;

    #[test]
    fn moments_are_written_as_utc() {
        for (millis, written) in [
            (0, "1970-01-01 00:00:00"),
            (951_782_399_999, "2000-02-28 23:59:59"),
            (951_868_799_000, "2000-02-29 23:59:59"),
            (1_795_248_900_000, "2026-11-21 08:15:00"),
        ] {
            assert_eq!(moment(Timestamp::from_millis(millis)), written);
        }
    }

    #[test]
    fn columns_line_up_and_control_characters_do_not_pass() {
        let mut table = Table::new(&["NAME", "USD"]);
        table.row(["a\u{1b}[31m".into(), "12.5".into()]);
        table.row(["longer name".into(), "-3".into()]);
        let mut out = Vec::new();
        table.write(&mut out, "nothing").unwrap();
        let expected = "NAME         USD\na\u{fffd}[31m       12.5\nlonger name    -3\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
