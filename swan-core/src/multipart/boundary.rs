//! What parts the parts.

use super::FormError;

/// The longest boundary that RFC 2046 allows.
const LONGEST: usize = 70;

/// The boundary of a form, as its content type names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boundary {
    /// Two dashes and the boundary.
    pub(super) delimiter: Vec<u8>,
}

impl Boundary {
    /// The boundary in the value of a `Content-Type` header.
    ///
    /// # Errors
    /// [`FormError::ContentType`] for another type, [`FormError::Boundary`] for a boundary that none can be.
    pub fn of(content_type: &str) -> Result<Self, FormError> {
        let (essence, parameters) = content_type.split_once(';').ok_or(FormError::ContentType)?;
        if !essence.trim().eq_ignore_ascii_case("multipart/form-data") {
            return Err(FormError::ContentType);
        }
        let mut found = None;
        for parameter in parameters.split(';') {
            let Some((name, value)) = parameter.split_once('=') else {
                continue;
            };
            let name = name.trim().to_ascii_lowercase();
            let is_boundary = name == "boundary";
            // A second one, or one spelled as RFC 2231 does, is taken by some readers and left by others.
            if name.starts_with("boundary*") || is_boundary && found.replace(value.trim()).is_some()
            {
                return Err(FormError::Boundary);
            }
        }
        let value = found.ok_or(FormError::ContentType)?;
        let value = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'))
            .unwrap_or(value);
        let is_good = (1..=LONGEST).contains(&value.len())
            && value.bytes().all(is_boundary_byte)
            && !value.ends_with(' ');
        if !is_good {
            return Err(FormError::Boundary);
        }
        let mut delimiter = Vec::with_capacity(value.len() + 2);
        delimiter.extend_from_slice(b"--");
        delimiter.extend_from_slice(value.as_bytes());
        Ok(Self { delimiter })
    }
}

/// `bcharsnospace` of RFC 2046, without the semicolon that it does not have either.
const fn is_boundary_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'\''
                | b'('
                | b')'
                | b'+'
                | b'_'
                | b','
                | b'-'
                | b'.'
                | b'/'
                | b':'
                | b'='
                | b'?'
                | b' '
        )
}
