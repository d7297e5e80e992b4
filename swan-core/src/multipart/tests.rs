#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use proptest::prelude::*;

use super::{Boundary, Form, FormError};

const TYPE: &str = "multipart/form-data; boundary=xyz";

fn parse(body: &str) -> Result<Form, FormError> {
    Form::parse(body.as_bytes(), &Boundary::of(TYPE).unwrap())
}

fn field(name: &str, value: &str) -> String {
    format!("--xyz\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}

#[test]
fn boundaries_are_read_as_rfc_2046_writes_them() {
    let dashed = |text: &str| [b"--", text.as_bytes()].concat();
    let long = "b".repeat(70);
    for (content_type, expected) in [
        ("multipart/form-data; boundary=xyz", Ok("xyz")),
        (
            "Multipart/Form-Data ; charset=utf-8; Boundary=\"a b\"",
            Ok("a b"),
        ),
        (
            "multipart/form-data; boundary=----WebKitFormBoundary7MA4",
            Ok("----WebKitFormBoundary7MA4"),
        ),
        (
            &format!("multipart/form-data; boundary={long}"),
            Ok(long.as_str()),
        ),
        (
            &format!("multipart/form-data; boundary={long}b"),
            Err(FormError::Boundary),
        ),
        (
            "multipart/form-data; boundary=xyz; boundary*=utf-8''abc",
            Err(FormError::Boundary),
        ),
        ("multipart/form-data; boundary=", Err(FormError::Boundary)),
        (
            "multipart/form-data; boundary=\"\"",
            Err(FormError::Boundary),
        ),
        (
            "multipart/form-data; boundary=\"a \"",
            Err(FormError::Boundary),
        ),
        (
            "multipart/form-data; boundary=a\u{e4}",
            Err(FormError::Boundary),
        ),
        (
            "multipart/form-data; boundary=a; boundary=b",
            Err(FormError::Boundary),
        ),
        ("multipart/form-data", Err(FormError::ContentType)),
        (
            "multipart/form-data; charset=utf-8",
            Err(FormError::ContentType),
        ),
        ("multipart/mixed; boundary=xyz", Err(FormError::ContentType)),
        ("application/json", Err(FormError::ContentType)),
    ] {
        let found = Boundary::of(content_type).map(|boundary| boundary.delimiter);
        assert_eq!(found, expected.map(dashed), "{content_type}");
    }
}

#[test]
fn parts_are_found_where_they_lie() {
    let body = concat!(
        "--xyz \t\r\n",
        "content-disposition: form-data; name=file; filename=\"a \\\"b\\\".wav\"\r\n",
        "Content-Type: audio/wav\r\n\r\n",
        "RIFF\r\n--xy\r\n\r\n",
        "\r\n--xyz\r\n",
        "Content-Disposition: form-data; name=\"model\"\r\n\r\n",
        "whisper-1\r\n--xyz--\r\n"
    );
    let form = parse(body).unwrap();
    let [file, model] = form.parts() else {
        panic!("{form:?}")
    };
    assert_eq!(
        (file.name.as_str(), file.filename.as_deref()),
        ("file", Some("a \"b\".wav"))
    );
    assert_eq!(file.content_type.as_deref(), Some("audio/wav"));
    assert_eq!(file.bytes(body.as_bytes()), b"RIFF\r\n--xy\r\n\r\n");
    assert_eq!(model.text(body.as_bytes()), Ok("whisper-1"));
    // Taken out, the rest is a form again.
    let (before, after) = (body.get(..file.whole.start), body.get(file.whole.end..));
    let without = [before.unwrap(), after.unwrap()].concat();
    assert_eq!(parse(&without).unwrap().parts().len(), 1);
}

fn part(lines: &str) -> String {
    format!("--xyz\r\n{lines}\r\n\r\nv\r\n--xyz--")
}

/// Parts whose names are refused, and what is said of them.
fn names() -> Vec<(String, &'static str)> {
    let name = "Content-Disposition: form-data; name=\"a\"";
    vec![
        (
            part("Content-Type: text/plain"),
            "it has no Content-Disposition",
        ),
        (
            part("Content-Disposition: form-data"),
            "its Content-Disposition has no name",
        ),
        (
            part("Content-Disposition: form-data; name=\"\""),
            "its Content-Disposition has no name",
        ),
        (
            part("Content-Disposition: attachment; name=\"a\""),
            "its Content-Disposition is not form-data",
        ),
        (
            part("Content-Disposition: form-data; name=\"a"),
            "its Content-Disposition has an open quoted string",
        ),
        (
            part("Content-Disposition: form-data; name=\"a\"b"),
            "its Content-Disposition goes on after a quoted string",
        ),
        (
            part(&format!("{name}; name=\"b\"")),
            "its Content-Disposition names it twice",
        ),
        (
            part(&format!("{name}; name*=utf-8''file")),
            "its Content-Disposition has an extended name",
        ),
        (
            part(&format!("{name}; NAME*0=\"fi\"; name*1=\"le\"")),
            "its Content-Disposition has an extended name",
        ),
    ]
}

/// Parts whose headers are refused, and what is said of them.
fn headers() -> Vec<(String, &'static str)> {
    let name = "Content-Disposition: form-data; name=\"a\"";
    vec![
        (
            part(&format!("{name}\r\n{name}")),
            "it has two Content-Disposition headers",
        ),
        (
            part(&format!("{name}\r\nContent-Type: a\r\nContent-Type: b")),
            "it has two Content-Type headers",
        ),
        (
            part(&format!("{name}\r\n folded")),
            "a header is folded over two lines",
        ),
        (part(&format!("{name}\r\nX")), "a header has no colon"),
        (
            part(&format!("{name}\r\nX : y")),
            "a header has no name, or a space after it",
        ),
        (
            part(&format!("{name}\r\nX: a\nb")),
            "a header holds a control character",
        ),
        (
            part(&format!("{name}\r\nContent-Transfer-Encoding: base64")),
            "it has a Content-Transfer-Encoding",
        ),
        (
            part(&format!("{name}{}", "\r\nX: y".repeat(16))),
            "it has more than 16 headers",
        ),
        (
            part(&format!("{name}\r\nX: {}", "y".repeat(9_000))),
            "its headers are longer than 8 KiB",
        ),
    ]
}

#[test]
fn what_readers_differ_in_is_refused() {
    let header = |problem| FormError::Header { number: 1, problem };
    let many = field("a", "v").repeat(65) + "--xyz--";
    let table = [
        (String::new(), FormError::Start),
        ("preamble\r\n--xyz--".into(), FormError::Start),
        (field("a", "v"), FormError::Unfinished),
        (field("a", "v") + "--xyz", FormError::Unfinished),
        (field("a", "v") + "--xyz\r\n", FormError::Unfinished),
        (
            field("a", "v\r\n--xyzz") + "--xyz--",
            FormError::BoundaryLine { at: 54 },
        ),
        (
            field("a", "v").replace("\r\n", "\n") + "--xyz--",
            FormError::BoundaryLine { at: 0 },
        ),
        (
            field("a", "v") + "--xyz--\r\nGET",
            FormError::Trailing { at: 61 },
        ),
        (many, FormError::Parts { most: 64 }),
    ];
    let headers = names().into_iter().chain(headers());
    let headers = headers.map(|(body, problem)| (body, header(problem)));
    for (body, expected) in table.into_iter().chain(headers) {
        assert_eq!(parse(&body), Err(expected), "{body:.120}");
    }
}

#[test]
fn a_part_that_may_be_there_once_is() {
    let body = field("model", "a") + &field("model", "b") + "--xyz--";
    let twice = FormError::Duplicate {
        name: "model".into(),
    };
    assert_eq!(parse(&body).unwrap().only("model"), Err(twice.clone()));
    assert_eq!(twice.param(), Some("model"));
    assert_eq!(parse(&body).unwrap().only("file"), Ok(None));
}

proptest! {
    #[test]
    fn any_content_comes_back_as_it_went_in(
        fields in prop::collection::vec(("[a-z_]{1,12}(\\[\\])?", prop::collection::vec(any::<u8>(), 0..200)), 0..10),
    ) {
        let line = b"\r\n--xyz";
        prop_assume!(fields.iter().all(|(_, value)| !value.windows(line.len()).any(|at| at == line)));
        let mut body = Vec::new();
        for (name, value) in &fields {
            body.extend_from_slice(format!("--xyz\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n").as_bytes());
            body.extend_from_slice(value);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--xyz--");
        let form = Form::parse(&body, &Boundary::of(TYPE).unwrap()).unwrap();
        let found: Vec<_> = form.parts().iter().map(|part| (part.name.clone(), part.bytes(&body).to_vec())).collect();
        prop_assert_eq!(found, fields);
    }

    #[test]
    fn no_body_is_read_beyond_its_end(pieces in prop::collection::vec(prop::sample::select(vec![
        "--xyz", "--", "\r\n", "\r\n\r\n", "Content-Disposition: form-data; name=\"a\"", "Content-Disposition: form-data; name=", "\"", ";", "x", " ",
    ]), 0..24)) {
        let body = pieces.concat();
        if let Ok(form) = parse(&body) {
            for part in form.parts() {
                prop_assert!(part.whole.end <= body.len() && part.content.end <= part.whole.end);
            }
        }
    }
}
