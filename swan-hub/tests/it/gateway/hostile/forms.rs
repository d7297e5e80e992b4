//! Forms that two readers would read in two ways, that have no end, or too many parts.

use super::super::Market;
use super::left_nothing;

const TYPE: &str = "multipart/form-data; boundary=frontier";

fn part(disposition: &str, content: &str) -> String {
    format!("--frontier\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{content}\r\n")
}

fn joined(parts: &[&str]) -> String {
    parts.concat()
}

#[tokio::test]
async fn no_form_smuggles_a_second_recording_past_the_meter() {
    let market = Market::start().await;
    let file = part("name=\"file\"; filename=\"a.wav\"", "RIFF");
    let model = part("name=\"model\"", "whisper-1");
    let end = "--frontier--\r\n";
    let good = joined(&[&file, &model, end]);
    let many = joined(&[&part("name=\"x\"", "").repeat(10_000), &good]);
    let other = "multipart/form-data; boundary=elsewhere";
    for (name, content_type, body) in [
        ("two files", TYPE, joined(&[&file, &good])),
        ("two models", TYPE, joined(&[&model, &good])),
        (
            "a name in two spellings",
            TYPE,
            joined(&[&part("name=\"x\"; name*=utf-8''file", "RIFF"), &good]),
        ),
        (
            "a name in pieces",
            TYPE,
            joined(&[
                &part("name=\"x\"; name*0=\"fi\"; name*1=\"le\"", "RIFF"),
                &good,
            ]),
        ),
        ("no file", TYPE, joined(&[&model, end])),
        ("no model", TYPE, joined(&[&file, end])),
        ("no end", TYPE, joined(&[&file, &model])),
        ("something after the end", TYPE, joined(&[&good, &good])),
        ("ten thousand parts", TYPE, many),
        ("another boundary", other, good.clone()),
        ("no boundary", "multipart/form-data", good.clone()),
        (
            "two boundaries",
            "multipart/form-data; boundary=frontier; boundary=x",
            good.clone(),
        ),
        (
            "a boundary in two spellings",
            "multipart/form-data; boundary=frontier; boundary*=utf-8''x",
            good.clone(),
        ),
        ("bare line feeds", TYPE, good.replace("\r\n", "\n")),
        ("no recording", TYPE, good.clone()),
        (
            "a recording that is all head",
            TYPE,
            good.replace("RIFF", &"RIFF\u{1}\0\0\0WAVEfmt ".repeat(5_000)),
        ),
    ] {
        let call = market.post("/v1/audio/transcriptions", body);
        let answer = call.header("content-type", content_type).send().await;
        assert_eq!(answer.status, 400, "{name}: {}", answer.text());
        assert!(!answer.error_code().is_empty() && answer.body.len() < 2_000);
    }
    let call = market.post("/v1/audio/transcriptions", "{}");
    assert_eq!(call.send().await.status, 415, "JSON is no form");
    let call = market.post("/v1/chat/completions", good);
    let answer = call.header("content-type", TYPE).send().await;
    assert_eq!(answer.status, 415, "a form is no JSON");
    left_nothing(&market).await;
}

#[tokio::test]
async fn twenty_five_mebibytes_of_nothing_are_looked_at_and_refused() {
    let market = Market::start().await;
    for (filling, status) in [
        ("a", 400),
        ("--frontie\r\n", 400),
        ("\r\n--frontierx", 400),
        ("moof", 400),
        ("trex", 400),
    ] {
        let content = filling.repeat((25 << 20) / filling.len());
        let body = [
            part("name=\"model\"", "whisper-1"),
            part("name=\"file\"; filename=\"a.m4a\"", &content),
            "--frontier--\r\n".to_owned(),
        ];
        let call = market.post("/v1/audio/transcriptions", body.concat());
        let answer = call.header("content-type", TYPE).send().await;
        assert_eq!(answer.status, status, "{filling:?}: {}", answer.text());
    }
    let body = part("name=\"file\"", &"a".repeat(26 << 20));
    let call = market.post("/v1/audio/transcriptions", body);
    let answer = call.header("content-type", TYPE).send().await;
    assert_eq!(
        (answer.status, &*answer.error_code()),
        (413, "request_too_large")
    );
    left_nothing(&market).await;
}
