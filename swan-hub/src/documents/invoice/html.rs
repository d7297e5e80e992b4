use std::fmt::Write as _;
use std::str::FromStr;

use super::{Billing, Invoice, InvoiceLine, Section};

/// The paper that an invoice is printed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Paper {
    /// 210 by 297 mm.
    #[default]
    A4,
    /// 8.5 by 11 inches.
    Letter,
}

impl FromStr for Paper {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "a4" | "A4" => Ok(Self::A4),
            "letter" | "Letter" => Ok(Self::Letter),
            _ => Err("expected a4 or letter"),
        }
    }
}

impl Paper {
    const fn css(self) -> &'static str {
        match self {
            Self::A4 => "A4",
            Self::Letter => "letter",
        }
    }
}

/// What the page may do: show itself, and nothing from elsewhere.
pub(crate) const CONTENT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

const STYLE: &str = "\
*{box-sizing:border-box}\
body{font:10.5pt/1.45 system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;color:#1a1a1a;background:#fff;margin:0 auto;padding:24px;max-width:190mm}\
h1{font-size:20pt;margin:0}\
h2{font-size:12pt;margin:22pt 0 6pt}\
header{display:flex;justify-content:space-between;align-items:flex-start;gap:24px;border-bottom:2px solid #1a1a1a;padding-bottom:10pt}\
.meta{text-align:right}.meta div{white-space:nowrap}\
.parties{display:flex;gap:40px;margin:16pt 0}.parties>div{flex:1;overflow-wrap:anywhere}\
.small{color:#555;font-size:9pt}\
table{border-collapse:collapse;width:100%}\
th,td{padding:4pt 6pt;text-align:left;vertical-align:top}\
td:first-child,th:first-child{padding-left:0}td:last-child,th:last-child{padding-right:0}\
thead th{border-bottom:1px solid #1a1a1a;font-size:9pt}\
tbody tr{border-bottom:1px solid #ddd;break-inside:avoid}\
thead{display:table-header-group}\
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\
.name{overflow-wrap:anywhere}\
.sums{margin:8pt 0 0 auto;width:auto;break-inside:avoid}\
.sums td:first-child{padding-right:24pt}.sums .due td{border-top:1px solid #1a1a1a;font-weight:600}\
.draft{display:inline-block;border:2px solid #a00;color:#a00;padding:1pt 8pt;font-weight:600}\
footer{margin-top:24pt;border-top:1px solid #ddd;padding-top:6pt}\
@media print{body{padding:0;max-width:none}}";

impl Invoice {
    /// The invoice as a page that prints well: without scripts, and with nothing from elsewhere.
    #[must_use]
    pub fn html(&self, paper: Paper) -> String {
        let title = match &self.number {
            Some(number) => format!("Invoice {}", Text(number)),
            None => format!("Draft of an invoice for {}", Text(&self.month)),
        };
        let mut out = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
             <meta name=\"viewport\" content=\"width=device-width\">\
             <style>@page{{size:{};margin:18mm 16mm}}{STYLE}</style></head><body>\n",
            paper.css()
        );
        self.head(&mut out);
        for section in &self.sections {
            of_currency(section, &mut out);
        }
        let mut taxes = self.sections.iter().flat_map(|section| &section.taxes);
        let on_top = match taxes.any(|tax| !tax.included) {
            true => " but taxes that come on top, which were not taken from it",
            false => "",
        };
        // Writing into a text cannot fail.
        let _ = write!(
            out,
            "<footer class=\"small\">Requests were paid from credit when they were served: nothing is due{on_top}. Amounts are exact \
             where no rounding is named, and the sums of the lines are what the ledger has charged. Times are UTC.\
             </footer>\n</body></html>\n"
        );
        out
    }

    fn head(&self, out: &mut String) {
        let mut put = |text: std::fmt::Arguments<'_>| {
            // Writing into a text cannot fail.
            let _ = out.write_fmt(text);
        };
        match &self.number {
            Some(number) => put(format_args!(
                "<header><div><h1>Invoice</h1></div><div class=\"meta\"><div><b>{}</b></div>",
                Text(number)
            )),
            None => put(format_args!(
                "<header><div><h1>Invoice</h1></div><div class=\"meta\"><div class=\"draft\">Draft, not an invoice</div>"
            )),
        }
        put(format_args!("<div>Month {}</div>", Text(&self.month)));
        if let Some(at) = &self.issued_at {
            let day = at.split('T').next().unwrap_or(at);
            put(format_args!("<div>Issued {}</div>", Text(day)));
        }
        put(format_args!(
            "<div class=\"small\">Account {}</div></div></header>\n<div class=\"parties\">",
            Text(&self.account)
        ));
        for (of, who) in [("From", &self.seller), ("To", &self.buyer)] {
            put(format_args!(
                "<div><div class=\"small\">{of}</div>{}</div>",
                Party(who)
            ));
        }
        put(format_args!("</div>\n"));
    }
}

fn of_currency(section: &Section, out: &mut String) {
    let currency = Text(&section.currency);
    let mut put = |text: std::fmt::Arguments<'_>| {
        // Writing into a text cannot fail.
        let _ = out.write_fmt(text);
    };
    put(format_args!(
        "<h2>Paid in {currency}</h2><table><thead><tr><th>Model</th><th>Key</th><th class=\"n\">Requests</th>\
         <th class=\"n\">Used</th><th class=\"n\">{currency}</th></tr></thead><tbody>\n"
    ));
    for line in &section.lines {
        let key = line.key_name.as_deref().or(line.key_id.as_deref());
        put(format_args!(
            "<tr><td class=\"name\">{}</td><td class=\"name\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td></tr>\n",
            Text(&line.model),
            Text(key.unwrap_or("")),
            line.requests,
            used(line),
            line.amount
        ));
    }
    put(format_args!(
        "</tbody></table><table class=\"sums\"><tbody>"
    ));
    let mut sum = |name: std::fmt::Arguments<'_>, amount: &str, class: &str| {
        put(format_args!(
            "<tr{class}><td>{name}</td><td class=\"n\">{amount}</td></tr>\n"
        ));
    };
    let whole = |amount: swan_core::Amount| cents(&amount.to_string());
    sum(
        format_args!("Sum of the lines"),
        &section.total.to_string(),
        "",
    );
    sum(format_args!("Rounding"), &section.rounding.to_string(), "");
    sum(
        format_args!("Total"),
        &whole(section.rounded),
        " class=\"due\"",
    );
    for tax in &section.taxes {
        let of = if tax.included { "included " } else { "" };
        sum(
            format_args!("{of}{} {} %", Text(&tax.name), Text(&tax.percent)),
            &whole(tax.amount),
            "",
        );
    }
    if section.taxes.iter().any(|tax| tax.included) {
        sum(
            format_args!("Without included taxes"),
            &whole(section.net),
            "",
        );
    }
    if section.taxes.iter().any(|tax| !tax.included) {
        sum(
            format_args!("With all taxes"),
            &whole(section.gross),
            " class=\"due\"",
        );
    }
    put(format_args!("</tbody></table>\n"));
}

/// What was used, in words.
fn used(line: &InvoiceLine) -> String {
    let mut parts = Vec::new();
    if line.prompt_tokens + line.completion_tokens > 0 {
        parts.push(format!(
            "{} + {} tokens",
            line.prompt_tokens, line.completion_tokens
        ));
    }
    if line.images > 0 {
        let images = if line.images == 1 { "image" } else { "images" };
        parts.push(format!("{} {images}", line.images));
    }
    if line.audio_ms > 0 {
        parts.push(format!(
            "{}.{} s of audio",
            line.audio_ms / 1_000,
            line.audio_ms % 1_000 / 100
        ));
    }
    parts.join(", ")
}

/// With two places at least.
fn cents(amount: &str) -> String {
    let places = amount.split_once('.').map_or(0, |(_, places)| places.len());
    match places {
        0 => format!("{amount}.00"),
        1 => format!("{amount}0"),
        _ => amount.to_owned(),
    }
}

/// A text that is nothing but text in a page, whoever wrote it.
struct Text<'a>(&'a str);

impl std::fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                // Those that turn the direction of text around could make one name look like another.
                c if c.is_control()
                    || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}') =>
                {
                    f.write_str(" ")?;
                }
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

struct Party<'a>(&'a Billing);

impl std::fmt::Display for Party<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<div><b>{}</b></div>", Text(&self.0.name))?;
        for line in &self.0.address {
            write!(f, "<div>{}</div>", Text(line))?;
        }
        match &self.0.tax_id {
            Some(id) => write!(f, "<div class=\"small\">Tax id {}</div>", Text(id)),
            None => Ok(()),
        }
    }
}
