//! One part, and its headers.

use std::ops::Range;

use super::FormError;

/// The most bytes of headers that a part may have.
pub(super) const HEADER_BYTES: usize = 8 << 10;
/// The most headers that a part may have.
const HEADERS: usize = 16;
/// The longest name of a part.
const NAME_BYTES: usize = 256;

/// One part of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Part {
    /// The name of the field.
    pub name: String,
    /// The name of the file, for those that are files.
    pub filename: Option<String>,
    /// The part's own content type, as it stands there.
    pub content_type: Option<String>,
    /// Where its content stands in the body.
    pub content: Range<usize>,
    /// Where the whole part stands: from its boundary line to the next one.
    pub whole: Range<usize>,
}

impl Part {
    /// The content.
    #[must_use]
    pub fn bytes<'a>(&self, body: &'a [u8]) -> &'a [u8] {
        body.get(self.content.clone()).unwrap_or_default()
    }

    /// The content as text.
    ///
    /// # Errors
    /// [`FormError::NotText`] when it is not UTF-8.
    pub fn text<'a>(&self, body: &'a [u8]) -> Result<&'a str, FormError> {
        str::from_utf8(self.bytes(body)).map_err(|_| FormError::NotText {
            name: self.name.clone(),
        })
    }
}

/// What the headers of a part say.
#[derive(Debug, Default)]
pub(super) struct Headers {
    pub(super) name: Option<String>,
    pub(super) filename: Option<String>,
    pub(super) content_type: Option<String>,
}

/// Reads the header lines of a part, without the blank line that ends them.
pub(super) fn headers(lines: &[u8]) -> Result<Headers, &'static str> {
    let lines = str::from_utf8(lines).map_err(|_| "its headers are not UTF-8")?;
    let mut headers = Headers::default();
    let mut seen = 0;
    let (mut is_disposed, mut is_typed) = (false, false);
    for line in lines.split("\r\n") {
        seen += 1;
        if seen > HEADERS {
            return Err("it has more than 16 headers");
        }
        if line.starts_with([' ', '\t']) {
            return Err("a header is folded over two lines");
        }
        if line
            .bytes()
            .any(|byte| byte.is_ascii_control() && byte != b'\t')
        {
            return Err("a header holds a control character");
        }
        let (name, value) = line.split_once(':').ok_or("a header has no colon")?;
        if name.is_empty() || name.ends_with([' ', '\t']) {
            return Err("a header has no name, or a space after it");
        }
        if name.eq_ignore_ascii_case("content-disposition") {
            if std::mem::replace(&mut is_disposed, true) {
                return Err("it has two Content-Disposition headers");
            }
            disposition(value.trim(), &mut headers)?;
        } else if name.eq_ignore_ascii_case("content-type") {
            if std::mem::replace(&mut is_typed, true) {
                return Err("it has two Content-Type headers");
            }
            headers.content_type = Some(value.trim().to_owned());
        } else if name.eq_ignore_ascii_case("content-transfer-encoding")
            && !matches!(
                value.trim().to_ascii_lowercase().as_str(),
                "binary" | "8bit" | "7bit"
            )
        {
            // RFC 7578 forbids it, and who decodes it reads another content than who does not.
            return Err("it has a Content-Transfer-Encoding");
        }
    }
    Ok(headers)
}

fn disposition(value: &str, headers: &mut Headers) -> Result<(), &'static str> {
    let (kind, mut rest) = value.split_once(';').unwrap_or((value, ""));
    if !kind.trim().eq_ignore_ascii_case("form-data") {
        return Err("its Content-Disposition is not form-data");
    }
    while !rest.trim().is_empty() {
        let (name, after) = rest
            .split_once('=')
            .ok_or("its Content-Disposition is malformed")?;
        let (text, left) = parameter(after.trim_start())?;
        rest = left;
        let name = name.trim().to_ascii_lowercase();
        // RFC 2231 spells names so, and readers that know it take another name than those that do not.
        if name.starts_with("name*") {
            return Err("its Content-Disposition has an extended name");
        }
        let target = match name.as_str() {
            "name" => &mut headers.name,
            "filename" => &mut headers.filename,
            // `filename*` is for mail; a model server that knows it sees it as it is.
            _ => continue,
        };
        if text.len() > NAME_BYTES {
            return Err("its name or file name is longer than 256 bytes");
        }
        if target.replace(text).is_some() {
            return Err("its Content-Disposition names it twice");
        }
    }
    match headers.name {
        Some(ref name) if !name.is_empty() => Ok(()),
        _ => Err("its Content-Disposition has no name"),
    }
}

/// The value of a parameter, quoted or not, and what follows its semicolon.
fn parameter(text: &str) -> Result<(String, &str), &'static str> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_once(';').unwrap_or((text, ""));
        return Ok((value.trim().to_owned(), rest));
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                let rest = quoted.get(at + 1..).unwrap_or_default().trim_start();
                return match rest.strip_prefix(';') {
                    Some(rest) => Ok((value, rest)),
                    None if rest.is_empty() => Ok((value, "")),
                    None => Err("its Content-Disposition goes on after a quoted string"),
                };
            }
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            _ => value.push(c),
        }
    }
    Err("its Content-Disposition has an open quoted string")
}
