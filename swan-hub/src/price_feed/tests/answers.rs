//! What one source may answer.

use std::time::Duration;

use super::super::source::SourceError;
use super::{Act, NOW, SECRET, World, http, options};
use crate::seams::PriceOracle as _;

fn body(text: &str) -> Act {
    http("200 OK", text)
}

/// What a server may do, and what comes of it: a rate, or the kind of the failure.
fn answers() -> Vec<(Act, Result<&'static str, &'static str>)> {
    let redirect = "HTTP/1.1 302 Found\r\nlocation: /other\r\ncontent-length: 0\r\n\r\n";
    vec![
        (body(r#"{"usd":0.5}"#), Ok("0.5")),
        (body(r#"{"usd":"0.25"}"#), Ok("0.25")),
        (body(r#"{"usd":5.01e-1,"other":[{}]}"#), Ok("0.501")),
        (body(r#"{"usd":-0.5}"#), Err("no_price")),
        (body(r#"{"usd":0}"#), Err("no_price")),
        (body(r#"{"usd":1e30}"#), Err("no_price")),
        (body(r#"{"usd":NaN}"#), Err("no_json")),
        (body(r#"{"usd":"NaN"}"#), Err("no_price")),
        (body(r#"{"usd":null}"#), Err("no_price")),
        (body(r#"{"usd":{"usd":1}}"#), Err("no_price")),
        (body(r#"{"eur":1}"#), Err("missing")),
        (body("[1]"), Err("missing")),
        (body(r#"{"usd":1,"usd":2}"#), Err("missing")),
        (body("<html>hush-0123456789</html>"), Err("no_json")),
        (body(""), Err("no_json")),
        (body(r#"{"usd":0.5} and more"#), Err("no_json")),
        (body(r#"{"usd":0.009}"#), Err("out_of_bounds")),
        (body(r#"{"usd":10.000000000001}"#), Err("out_of_bounds")),
        (
            body(&format!("{{\"usd\":0.5{}}}", " ".repeat(10_000))),
            Err("too_long"),
        ),
        (Act::FloodsForEver, Err("too_long")),
        (
            http("500 Internal Server Error", r#"{"usd":0.5}"#),
            Err("status"),
        ),
        (http("429 Too Many Requests", ""), Err("status")),
        (http("204 No Content", ""), Err("status")),
        (Act::Says(redirect.into()), Err("status")),
        (Act::Says(b"SSH-2.0-OpenSSH\r\n".to_vec()), Err("away")),
        (Act::Says(Vec::new()), Err("away")),
        (Act::Dribbles, Err("away")),
        (Act::IsSilent, Err("away")),
    ]
}

#[tokio::test]
async fn what_a_source_answers_is_a_price_or_refused_by_its_kind() {
    for (number, (act, expected)) in answers().into_iter().enumerate() {
        let world = World::of(1).await;
        let case = format!("case {number}: {act:?}");
        world.servers[0].does(act);
        world.poll().await;
        let (name, state) = world.feed.sources().remove(0);
        assert_eq!(name, "a");
        match expected {
            Ok(usd) => {
                assert_eq!(world.rate().as_deref(), Some(usd), "{case}");
                let rate = world.feed.usd_per_swan(NOW).unwrap();
                assert_eq!((rate.feed(), rate.at()), ("a", NOW));
                assert_eq!(world.heard(), ["told"]);
            }
            Err(kind) => {
                let error = state.error.as_ref().unwrap();
                assert_eq!(error.kind(), kind, "{case}: {error}");
                assert_eq!(world.rate(), None, "{case}");
                for event in world.news.0.lock().iter() {
                    assert!(!format!("{event:?}").contains(SECRET), "{case}");
                }
                assert_eq!(world.heard(), ["source_failed a", "few", "stale"], "{case}");
                let why = world.feed.why_not(NOW).unwrap().to_string();
                assert!(why.contains("it has told none yet"), "{why}");
            }
        }
        let figures = world.feed.figures();
        let told = usize::from(expected.is_err());
        assert_eq!(figures.polls[told].1, 1, "{case}");
        let kind = expected.err().unwrap_or("told");
        assert!(figures.answers[0].1.contains(&(kind, 1)), "{case}");
        // It was asked once, with its key and its query.
        let asked = world.servers[0].asked.lock().clone();
        assert_eq!(asked.len(), 1, "{asked:?}");
        let head = asked[0].to_ascii_lowercase();
        assert!(
            head.starts_with(&format!("get /price?key={SECRET} ")),
            "{head}"
        );
        assert!(head.contains(&format!("x-key: {SECRET}")), "{head}");
        assert!(!format!("{world:?}", world = world.feed).contains(SECRET));
    }
}

#[tokio::test]
async fn a_source_that_says_of_when_its_price_is_cannot_pass_off_an_old_one() {
    let (servers, mut options) = options(1).await;
    options.sources[0].time_pointer = Some("/at".parse().unwrap());
    let world = World::with(servers, options);
    let secs = NOW.as_secs();
    for (at, expected) in [
        (format!("{secs}"), Ok(0)),
        (format!("{}", secs - 300), Ok(300_000)),
        (format!("\"{}\"", secs - 10), Ok(10_000)),
        (format!("{}.25", secs - 10), Ok(9_750)),
        (format!("{}", NOW.as_millis() - 1_500), Ok(1_500)),
        // Its clock is ahead; ours counts.
        (format!("{}", secs + 60), Ok(0)),
        (format!("{}", secs - 301), Err("stale")),
        (format!("{}", secs + 61), Err("stale")),
        ("0".into(), Err("stale")),
        ("-5".into(), Err("no_price")),
        ("1e20".into(), Err("no_price")),
        ("\"2026-11-22T06:00:00Z\"".into(), Err("no_price")),
        ("null".into(), Err("no_price")),
    ] {
        world.servers[0].does(body(&format!("{{\"usd\":0.5,\"at\":{at}}}")));
        world.poll().await;
        let (_, state) = world.feed.sources().remove(0);
        let kind = state.error.as_ref().map(SourceError::kind);
        assert_eq!(kind, expected.err(), "{at}");
        if let Ok(age) = expected {
            let rate = world.feed.usd_per_swan(NOW).unwrap();
            assert_eq!(NOW.since(rate.at()), Duration::from_millis(age), "{at}");
        }
    }
}
