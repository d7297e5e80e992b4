//! Recordings: measured by the hub, paid by the minute, and answered in the format that was asked for.

use bytes::Bytes;
use swan_core::protocol::Operation;
use swan_hub::Outcome;

use super::Market;
use super::http::{Answer, Call};
use super::provider::{Act, Provider, refusal, reply};
use swan_core::protocol::StreamEnd;

const MODEL: &str = "openai/whisper-large-v3";

/// 16-bit mono at 8 kHz of so many milliseconds.
fn wav(millis: u32) -> Vec<u8> {
    let data = 8 * millis * 2;
    let mut out = b"RIFF".to_vec();
    out.extend((36 + data).to_le_bytes());
    out.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data");
    out.extend(data.to_le_bytes());
    out.resize(out.len() + data as usize, 0);
    out
}

fn part(name: &str, more: &str, content: &[u8]) -> Vec<u8> {
    let head =
        format!("--frontier\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n");
    [head.as_bytes(), content, b"\r\n"].concat()
}

/// A form with a recording and these fields.
fn form(recording: &[u8], fields: &[(&str, &str)]) -> Bytes {
    let mut body = part("file", "; filename=\"speech.wav\"", recording);
    for (name, value) in fields {
        body.extend(part(name, "", value.as_bytes()));
    }
    body.extend(b"--frontier--\r\n");
    body.into()
}

fn call(market: &Market, body: Bytes) -> Call {
    market
        .post("/v1/audio/transcriptions", "")
        .header("content-type", "multipart/form-data; boundary=frontier")
        .body(body)
}

async fn whisper(market: &Market) -> Provider {
    market.provider_of(1, true, &["whisper-1"]).await
}

fn text(content_type: &'static str, body: &str) -> Vec<Act> {
    vec![
        Act::Head(200, content_type),
        Act::Body(body.into()),
        Act::Finish(StreamEnd::default()),
    ]
}

async fn ask(market: &Market, provider: &mut Provider, body: Bytes, answer: Vec<Act>) -> Answer {
    let asked = call(market, body).background();
    provider.serve(answer).await;
    asked.await.unwrap()
}

#[tokio::test]
async fn a_recording_is_paid_by_the_length_that_the_hub_measured() {
    let market = Market::start().await;
    let mut provider = whisper(&market).await;
    let body = form(
        &wav(90_000),
        &[
            ("model", MODEL),
            ("language", "en"),
            ("timestamp_granularities[]", "word"),
            ("timestamp_granularities[]", "segment"),
            ("payment", "USD"),
        ],
    );
    let asked = call(&market, body.clone()).background();
    // The provider claims an hour.
    let answer = r#"{"text":"four score and seven","usage":{"type":"duration","seconds":3600},"x":9007199254740993}"#;
    let request = provider.serve(reply(answer)).await;
    assert_eq!(request.operation, Operation::AudioTranscriptions);
    assert_eq!(
        request.content_type,
        "multipart/form-data; boundary=frontier"
    );
    let payment = part("payment", "", b"USD");
    let sent = String::from_utf8_lossy(&body).replace(&*String::from_utf8_lossy(&payment), "");
    let sent = sent.replace(MODEL, "whisper-1");
    assert_eq!(
        String::from_utf8_lossy(&request.body),
        sent,
        "all else as it came"
    );
    let answer = asked.await.unwrap();
    // A minute and a half at $0.003.
    assert_eq!(
        (answer.status, answer.header("x-swan-cost")),
        (200, "0.0045")
    );
    assert_eq!(answer.json()["usage"]["cost"], "0.0045");
    assert!(
        answer.text().contains("\"x\":9007199254740993"),
        "{}",
        answer.text()
    );
    let record = market.records.last();
    assert_eq!(record.outcome, Outcome::Completed);
    assert_eq!(record.usage.unwrap().audio_ms, 90_000);
}

#[tokio::test]
async fn each_format_comes_as_what_it_is() {
    let market = Market::start().await;
    let mut provider = whisper(&market).await;
    let srt = "1\n00:00:00,000 --> 00:00:01,000\nHello\n";
    let vtt = "WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n";
    for (format, sent_as, sent, content_type) in [
        ("text", "text/plain", "Hello\n", "text/plain; charset=utf-8"),
        (
            "srt",
            "application/x-subrip",
            srt,
            "text/plain; charset=utf-8",
        ),
        ("vtt", "text/html", vtt, "text/vtt; charset=utf-8"),
    ] {
        let body = form(
            &wav(1_000),
            &[("model", "whisper-1"), ("response_format", format)],
        );
        let answer = ask(&market, &mut provider, body, text(sent_as, sent)).await;
        assert_eq!((answer.status, answer.text()), (200, sent), "{format}");
        assert_eq!(answer.header("content-type"), content_type);
        assert_eq!(answer.header("x-swan-cost"), "0.00005", "a second");
    }
    let body = form(
        &wav(1_500),
        &[("model", "whisper-1"), ("response_format", "verbose_json")],
    );
    let verbose = r#"{"task":"transcribe","duration":1.5,"text":"Hello","segments":[]}"#;
    let answer = ask(&market, &mut provider, body, reply(verbose)).await;
    let usage = &answer.json()["usage"];
    assert_eq!(
        (usage["type"].as_str(), usage["seconds"].as_f64()),
        (Some("duration"), Some(1.5))
    );
    assert_eq!(
        (answer.json()["duration"].as_f64(), usage["cost"].as_str()),
        (Some(1.5), Some("0.000075"))
    );
}

#[tokio::test]
async fn silence_costs_nothing() {
    let market = Market::start().await;
    let mut provider = whisper(&market).await;
    let body = form(&wav(60_000), &[("model", "whisper-1")]);
    let answer = ask(&market, &mut provider, body, reply(r#"{"text":""}"#)).await;
    assert_eq!((answer.status, answer.header("x-swan-cost")), (200, "0"));
    assert_eq!(market.spent("5").to_string(), "0");
}

#[tokio::test]
async fn what_is_no_transcript_is_asked_of_the_next_provider() {
    for (format, wrong) in [
        ("json", r#"{"error":{"message":"out of memory"}}"#),
        ("json", r#"{"segments":[]}"#),
        ("json", "Hello"),
        ("srt", r#"{"text":"Hello"}"#),
        ("vtt", "Hello"),
    ] {
        let market = Market::start().await;
        let mut providers = [
            market.provider_of(1, true, &["whisper-1"]).await,
            market.provider_of(2, true, &["whisper-1"]).await,
        ];
        let body = form(
            &wav(1_000),
            &[("model", "whisper-1"), ("response_format", format)],
        );
        let asked = call(&market, body).background();
        super::until(|| market.hub.in_flight() == 1).await;
        let [first, second] = &mut providers;
        let (asked_first, request) = tokio::select! {
            request = first.request() => (0, request),
            request = second.request() => (1, request),
        };
        providers[asked_first]
            .act(request.stream, text("application/json", wrong))
            .await;
        let right = match format {
            "json" => r#"{"text":"Hello"}"#,
            "vtt" => "WEBVTT\n\nHello",
            _ => "Hello",
        };
        providers[1 - asked_first]
            .serve(text("text/plain", right))
            .await;
        let answer = asked.await.unwrap();
        assert_eq!(answer.status, 200, "{wrong}: {}", answer.text());
        assert_eq!(market.records.last().attempts.len(), 2);
    }
}

#[tokio::test]
async fn a_refusal_of_the_model_server_reaches_the_consumer() {
    let market = Market::start().await;
    let mut provider = whisper(&market).await;
    let body = form(&wav(1_000), &[("model", "whisper-1"), ("language", "tlh")]);
    let refusal = refusal(
        400,
        r#"{"error":{"message":"language tlh is not known","param":"language"}}"#,
    );
    let answer = ask(&market, &mut provider, body, refusal).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["error"]["param"], "language");
    assert_eq!(market.spent("5").to_string(), "0");
}

/// Forms that are refused: with which code, and for the sake of which field.
fn bad_forms() -> Vec<(Bytes, &'static str, &'static str)> {
    let good = wav(1_000);
    let missing = "missing_required_parameter";
    let with = |fields: &[(&str, &str)]| form(&good, &[&[("model", "whisper-1")], fields].concat());
    let cut = |body: Bytes, less: usize| body.slice(..body.len() - less);
    let no_file = [part("model", "", b"whisper-1"), b"--frontier--".to_vec()].concat();
    let plain_file = [
        part("model", "", b"whisper-1"),
        part("file", "", &good),
        b"--frontier--".to_vec(),
    ]
    .concat();
    vec![
        (form(&good, &[]), missing, "model"),
        (no_file.into(), missing, "file"),
        (plain_file.into(), "invalid_value", "file"),
        (
            form(b"", &[("model", "whisper-1")]),
            "invalid_value",
            "file",
        ),
        (
            form(b"no sound at all", &[("model", "whisper-1")]),
            "invalid_audio",
            "file",
        ),
        (form(&good, &[("model", "")]), "invalid_value", "model"),
        (
            form(&good, &[("model", "no-such-model")]),
            "model_not_found",
            "model",
        ),
        (
            form(&good, &[("model", "Qwen/Qwen3-8B")]),
            "unsupported_operation",
            "model",
        ),
        (with(&[("model", "whisper-1")]), "invalid_value", "model"),
        (
            with(&[("response_format", "docx")]),
            "invalid_value",
            "response_format",
        ),
        (with(&[("stream", "true")]), "invalid_value", "stream"),
        (with(&[("payment", "EUR")]), "invalid_value", "payment"),
        (
            with(&[("provider", "{\"order\":1}")]),
            "invalid_value",
            "provider",
        ),
        (cut(with(&[]), 14), "invalid_value", ""),
        (Bytes::from_static(b"{}"), "invalid_value", ""),
        (Bytes::new(), "invalid_value", ""),
    ]
}

#[tokio::test]
async fn bad_forms_are_refused_with_the_field() {
    let market = Market::start().await;
    let _provider = whisper(&market).await;
    for (body, code, param) in bad_forms() {
        let status = if code == "model_not_found" { 404 } else { 400 };
        let shown = String::from_utf8_lossy(&body).into_owned();
        let answer = call(&market, body).send().await;
        let error = &answer.json()["error"];
        let found = (
            answer.status,
            error["code"].as_str(),
            error["param"].as_str().unwrap_or_default(),
        );
        assert_eq!(found, (status, Some(code), param), "{error}: {shown:.300}");
    }
    for (content_type, status) in [
        ("multipart/form-data", 400),
        ("multipart/form-data; boundary=other", 400),
        ("multipart/form-data; boundary=a; boundary=b", 400),
        ("application/json", 415),
        ("application/x-www-form-urlencoded", 415),
    ] {
        let body = form(&wav(1_000), &[("model", "whisper-1")]);
        let answer = call(&market, body)
            .header("content-type", content_type)
            .send()
            .await;
        assert_eq!(answer.status, status, "{content_type}: {}", answer.text());
    }
    assert_eq!(market.spent("5").to_string(), "0");
}

#[tokio::test]
async fn twenty_five_mebibytes_are_taken_and_no_more() {
    let market = Market::start().await;
    let mut provider = whisper(&market).await;
    let limit = 25 << 20;
    let mut largest = wav(0);
    let data = u32::try_from(limit - 44).unwrap();
    largest.splice(4..8, (data + 36).to_le_bytes());
    largest.splice(40..44, data.to_le_bytes());
    largest.resize(limit, 0);
    let body = form(&largest, &[("model", "whisper-1")]);
    let answer = ask(&market, &mut provider, body, reply(r#"{"text":"long"}"#)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    // 26,214,356 bytes at 16,000 a second.
    assert_eq!(market.records.last().usage.unwrap().audio_ms, 1_638_398);
    largest.resize(limit + (128 << 10), 0);
    let answer = call(&market, form(&largest, &[("model", "whisper-1")]))
        .send()
        .await;
    assert_eq!(
        (answer.status, answer.error_code()),
        (413, "request_too_large".into())
    );
}
