//! `multipart/form-data` read where it lies: which parts there are and where, without a copy (RFC 7578, RFC 2046).
//!
//! Two programs that read one form differently are a way to pay for one request and to run another, so what readers are
//! known to differ in is refused: bare line feeds, a boundary line that goes on, folded headers, two names for one part.
//!
//! ```
//! use swan_core::multipart::{Boundary, Form};
//!
//! let boundary = Boundary::of("multipart/form-data; boundary=xyz")?;
//! let body = b"--xyz\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--xyz--\r\n";
//! let form = Form::parse(body, &boundary)?;
//! let part = form.only("model")?.ok_or("no model")?;
//! assert_eq!(part.text(body)?, "whisper-1");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod boundary;
mod error;
mod form;
mod part;
#[cfg(test)]
mod tests;

pub use boundary::Boundary;
pub use error::FormError;
pub use form::Form;
pub use part::Part;
