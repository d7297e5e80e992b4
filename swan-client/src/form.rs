//! A form with a file (multipart/form-data), written the same way for the same content: a call that is repeated with its
//! idempotency key must be the same to the last byte.

use bytes::{BufMut, Bytes, BytesMut};
use http::HeaderValue;
use memchr::memmem;

use crate::call::Payload;

/// The file of a form.
pub(crate) struct File<'a> {
    pub(crate) field: &'static str,
    pub(crate) name: &'a str,
    pub(crate) content: &'a Bytes,
}

/// Writes a form.
pub(crate) fn write<'a>(
    fields: impl Iterator<Item = (&'a str, &'a str)> + Clone,
    file: &File<'_>,
) -> Payload {
    let is_free = |boundary: &String| {
        let finder = memmem::Finder::new(boundary.as_bytes());
        let mut texts = fields.clone();
        finder.find(file.content).is_none()
            && texts.all(|(_, text)| finder.find(text.as_bytes()).is_none())
    };
    // A content that holds all of these would have to be longer than memory.
    let boundary = (0_u64..).map(|number| format!("swan-form-{number}"));
    let boundary = boundary.into_iter().find(is_free).unwrap_or_default();
    let mut body = BytesMut::with_capacity(file.content.len() + 1_024);
    for (name, text) in fields {
        let name = quoted(name);
        let head = format!("--{boundary}\r\nContent-Disposition: form-data; name={name}\r\n\r\n");
        body.put_slice(head.as_bytes());
        body.put_slice(text.as_bytes());
        body.put_slice(b"\r\n");
    }
    let (field, name) = (quoted(file.field), quoted(file.name));
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name={field}; filename={name}\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    body.put_slice(head.as_bytes());
    body.put_slice(file.content);
    body.put_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    let content_type = format!("multipart/form-data; boundary={boundary}");
    Payload {
        content_type: HeaderValue::try_from(content_type)
            .unwrap_or(HeaderValue::from_static("multipart/form-data")),
        bytes: body.freeze(),
    }
}

/// A name in quotes, with what would end it written as browsers do.
fn quoted(name: &str) -> String {
    let name = name.replace('"', "%22");
    let name = name.replace('\r', "%0D").replace('\n', "%0A");
    format!("\"{name}\"")
}

#[cfg(test)]
mod tests {
    use super::{File, write};
    use bytes::Bytes;

    #[test]
    fn nothing_in_the_content_ends_a_part() {
        let content = Bytes::from_static(b"--swan-form-0\r\n swan-form-1");
        let file = File {
            field: "file",
            name: "a\"\r\nb.wav",
            content: &content,
        };
        let fields = [("model", "whisper"), ("prompt", "swan-form-2")];
        let form = || write(fields.into_iter(), &file);
        assert_eq!(
            form().content_type,
            "multipart/form-data; boundary=swan-form-3"
        );
        let text = String::from_utf8(form().bytes.to_vec()).unwrap();
        assert!(text.contains("filename=\"a%22%0D%0Ab.wav\"\r\n"), "{text}");
        assert!(
            text.ends_with("swan-form-1\r\n--swan-form-3--\r\n"),
            "{text}"
        );
        assert_eq!(form().bytes, form().bytes);
    }
}
