//! Who serves, by what the request needs and what its consumer asks for.

use swan_core::Amount;
use swan_core::protocol::{Failure, Length, Modality, ModelDeclaration};

use super::http::Answer;
use super::provider::{Act, Provider, reply};
use super::{MODEL, Market, ask, completion};

/// A model with a window of so many tokens.
fn window(tokens: u64) -> ModelDeclaration {
    let max_context_length = Some(Length {
        value: tokens,
        unit: "token".to_owned(),
    });
    ModelDeclaration {
        input_modalities: vec![Modality {
            kind: "text".to_owned(),
            max_context_length,
            ..Modality::default()
        }],
        ..ModelDeclaration::default()
    }
}

/// The same request several times, so that chance cannot hide a mistake; each must be served by `expected`.
async fn served_by(market: &Market, body: &str, expected: &str, provider: &mut Provider) {
    for _ in 0..6 {
        let answer = market.chat(body).background();
        let asked = provider.serve(reply(completion("hello", 7, 2))).await;
        let sent = String::from_utf8(asked.body.to_vec()).unwrap();
        assert!(!sent.contains("\"provider\""), "{sent}");
        let answer = answer.await.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("x-swan-provider-name"), expected);
    }
}

async fn refused(market: &Market, wishes: &str) -> Answer {
    let body = ask(&format!("\"provider\":{wishes}"));
    let answer = market.chat(body).send().await;
    assert_eq!(market.spent("5"), Amount::ZERO, "{wishes}");
    answer
}

#[tokio::test]
async fn wishes_decide_who_may_serve_and_are_not_passed_on() {
    let market = Market::start().await;
    let _one = market.provider(1).await;
    let mut two = market.provider(2).await;
    for wishes in [
        r#"{"only":["node-2"]}"#,
        r#"{"only":["NODE-2","elsewhere"]}"#,
        r#"{"ignore":["node-1"]}"#,
        r#"{"order":["absent","node-2","node-1"]}"#,
        r#"{"order":["prov-00000000000000000000000000000002"],"allow_fallbacks":false}"#,
        r#"{"only":["node-2"],"sort":"latency","max_price":{"prompt":0.01,"completion":"0.03"}}"#,
    ] {
        let body = ask(&format!("\"provider\":{wishes},\"seed\":1"));
        served_by(&market, &body, "node-2", &mut two).await;
    }
}

#[tokio::test]
async fn wishes_that_nobody_meets_are_told_apart_from_busy_providers() {
    let market = Market::start().await;
    let _one = market.provider(1).await;
    for (wishes, said) in [
        (r#"{"only":["elsewhere"]}"#, "provider.only names others"),
        (r#"{"ignore":["node-1"]}"#, "provider.ignore names it"),
        (r#"{"data_collection":"deny"}"#, "data policy"),
        (r#"{"zdr":true}"#, "data policy"),
        (
            r#"{"max_price":{"completion":0.029}}"#,
            "provider.max_price",
        ),
        (r#"{"quantizations":["fp16"]}"#, "provider.quantizations"),
        (
            r#"{"order":["elsewhere"],"allow_fallbacks":false}"#,
            "provider.order",
        ),
    ] {
        let answer = refused(&market, wishes).await;
        let code = answer.error_code();
        assert_eq!(
            (answer.status, &*code),
            (404, "no_eligible_provider"),
            "{wishes}"
        );
        assert!(answer.text().contains(said), "{}", answer.text());
    }
    let body = ask(r#""provider":{"require_parameters":true},"top_k":4"#);
    let answer = market.chat(body).send().await;
    assert_eq!(
        (answer.status, &*answer.error_code()),
        (404, "no_eligible_provider")
    );
}

#[tokio::test]
async fn a_wrong_wish_is_named() {
    let market = Market::start().await;
    for (wishes, said) in [
        ("7", "provider: expected a JSON object"),
        (r#"{"sort":"cheap"}"#, "provider.sort: expected"),
        (r#"{"onyl":["a"]}"#, "provider.onyl: no such field"),
        (r#"{"only":["a"],"ignore":["a"]}"#, "provider.only names a"),
    ] {
        let answer = refused(&market, wishes).await;
        assert_eq!(
            (answer.status, &*answer.error_code()),
            (400, "invalid_value"),
            "{wishes}"
        );
        assert!(answer.text().contains(said), "{}", answer.text());
        assert!(
            answer.text().contains(r#""param":"provider""#),
            "{}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn an_order_is_gone_through_and_nobody_else_without_fallbacks() {
    let market = Market::start().await;
    let mut one = market.provider(1).await;
    let mut two = market.provider(2).await;
    let _three = market.provider(3).await;
    let broken = || vec![Act::Fail(Failure::provider(503, "broken"))];
    let body = ask(r#""provider":{"order":["node-2","node-1"],"allow_fallbacks":false}"#);
    let answer = market.chat(&*body).background();
    two.serve(broken()).await;
    one.serve(reply(completion("hello", 7, 2))).await;
    assert_eq!(
        answer.await.unwrap().header("x-swan-provider-name"),
        "node-1"
    );
    market.settled().await;

    let answer = market.chat(&*body).background();
    two.serve(broken()).await;
    one.serve(broken()).await;
    let answer = answer.await.unwrap();
    assert_eq!(
        (answer.status, &*answer.error_code()),
        (502, "no_fallback_available")
    );
    assert_eq!(market.records.last().attempts, 2);
}

#[tokio::test]
async fn without_fallbacks_and_order_there_is_one_attempt_and_the_header_wins() {
    let market = Market::start().await;
    let mut one = market.provider(1).await;
    let mut two = market.provider(2).await;
    let broken = || vec![Act::Fail(Failure::provider(503, "broken"))];
    let body = ask(r#""provider":{"only":["node-1","node-2"],"allow_fallbacks":false}"#);
    let answer = market.chat(&*body).background();
    tokio::select! {
        _ = one.serve(broken()) => {}
        _ = two.serve(broken()) => {}
    }
    assert_eq!(answer.await.unwrap().error_code(), "no_fallback_available");
    assert_eq!(market.records.last().attempts, 1);

    let call = market.chat(&*body).header("x-swan-allow-fallbacks", "true");
    let answer = call.background();
    tokio::join!(one.serve(broken()), two.serve(broken()));
    assert_eq!(answer.await.unwrap().error_code(), "provider_failed");
    assert_eq!(market.records.last().attempts, 2);
}

#[tokio::test]
async fn a_long_request_goes_where_it_fits() {
    let market = Market::start().await;
    let _short = market.provider_declaring(1, window(4_096)).await;
    let mut long = market.provider_declaring(2, window(16_384)).await;
    let prompt = "x ".repeat(10_000);
    let text = |more: &str| {
        format!(
            r#"{{"model":"{MODEL}","messages":[{{"role":"user","content":"{prompt}"}}]{more}}}"#
        )
    };
    served_by(&market, &text(""), "node-2", &mut long).await;
    served_by(&market, &ask("\"max_tokens\":9000"), "node-2", &mut long).await;
    // An image's data is no text.
    let image = format!(r#""x":"data:image/png;base64,{}""#, "A".repeat(400_000));
    served_by(&market, &text(&format!(",{image}")), "node-2", &mut long).await;

    market.settled().await;
    let before = market.available();
    let answer = market.chat(text(",\"max_tokens\":30000")).send().await;
    let code = answer.error_code();
    assert_eq!((answer.status, &*code), (400, "context_length_exceeded"));
    let said = "maximum context length is 16384 tokens. However, you requested about 21";
    assert!(answer.text().contains(said), "{}", answer.text());
    assert_eq!(market.available(), before);

    // Who declares nothing may have room.
    let mut silent = market.provider(3).await;
    served_by(
        &market,
        &text(",\"max_tokens\":30000"),
        "node-3",
        &mut silent,
    )
    .await;
}
