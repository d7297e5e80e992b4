//! A smoke of the fuzz targets of bodies: whole requests and answers, damaged piece by piece.

use swan_core::testkit::fuzz;
use swan_core::{Rng, SeededRng};

const REQUESTS: [&str; 6] = [
    r#"{"model":"m","messages":[{"role":"user","content":"caf\u00e9 \"x\""}],"stream":true,"stream_options":{"include_usage":false},"payment":"SWAN"}"#,
    r#"{"payment":"USD","model":"m","messages":[],"n":2,"max_tokens":5,"provider":{"order":["a"],"allow_fallbacks":false},"seed":18446744073709551617}"#,
    r#"{"models":["a","b"],"messages":[],"stream":true,"stream_options":null,"provider":"p","user":"u"}"#,
    r#"{"model":"m","prompt":["a",[1,2]],"best_of":3,"echo":true,"max_tokens":null,"stream":false}"#,
    r#"{"model":"m","input":[[1,2],[3]],"encoding_format":"base64","dimensions":8,"provider":"p"}"#,
    r#"{ "prompt" : "a cat" , "n" : 2, "size":"1x1","response_format":"b64_json","model":null}"#,
];

const FORM: &str = concat!(
    "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\nRIFF\r\n",
    "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n",
    "--b\r\nContent-Disposition: form-data; name=\"payment\"\r\n\r\nUSD\r\n",
    "--b\r\nContent-Disposition: form-data; name=\"response_format\"\r\n\r\nsrt\r\n--b--\r\n"
);

const ANSWERS: [&str; 4] = [
    r#"{"id":"1","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}],"usage":{"prompt_tokens":1,"cost":3}}"#,
    r#"{"choices":[],"usage":{}}"#,
    r#"{"data":[{"embedding":[0.5,-1e3]},{"url":"u","b64_json":null}],"usage":null,"error":null}"#,
    r#"{"text":"four\nscore","usage":{"type":"duration","seconds":2}}"#,
];

/// Pieces that matter to some reader.
const PIECES: [&str; 18] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\",
    ",",
    ":",
    "null",
    "true",
    "1e999",
    "-1",
    "\"model\":\"x\",",
    "\"stream\":true,",
    "\r\n",
    "--b",
    "--",
    "\u{0}",
];

fn damaged(text: &str, rng: &mut SeededRng) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=rng.below(3) {
        let at = usize::try_from(rng.below(bytes.len() as u64 + 1)).unwrap();
        let end = (at + usize::try_from(rng.below(6)).unwrap()).min(bytes.len());
        let piece = PIECES[usize::try_from(rng.below(PIECES.len() as u64)).unwrap()];
        match rng.below(3) {
            0 => drop(bytes.splice(at..end, [])),
            1 => drop(bytes.splice(at..at, piece.bytes())),
            _ => drop(bytes.splice(at..end, piece.bytes())),
        }
    }
    bytes
}

#[test]
fn damaged_bodies_are_refused_or_rewritten_rightly() {
    for seed in 0..4_000 {
        let mut rng = SeededRng::new(seed);
        for (number, text) in REQUESTS.iter().enumerate() {
            // Of another operation, too: whoever sends a body chooses the path.
            for operation in [
                number.saturating_sub(2),
                usize::try_from(rng.below(4)).unwrap(),
            ] {
                let mut script = vec![u8::try_from(operation).unwrap()];
                script.extend(damaged(text, &mut rng));
                fuzz::request(&script);
            }
        }
        fuzz::form(&damaged(FORM, &mut rng));
        for text in ANSWERS {
            fuzz::answer(&damaged(text, &mut rng));
        }
    }
}

#[test]
fn whole_bodies_pass() {
    for (operation, text) in [0_u8, 0, 0, 1, 2, 3].into_iter().zip(REQUESTS) {
        fuzz::request(&[&[operation], text.as_bytes()].concat());
    }
    fuzz::form(FORM.as_bytes());
    ANSWERS
        .iter()
        .for_each(|text| fuzz::answer(text.as_bytes()));
}
