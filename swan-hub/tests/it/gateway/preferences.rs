//! Who serves, by what the request needs and what its consumer asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use swan_core::protocol::{Failure, Length, Modality, ModelDeclaration};
use swan_core::routing::{PrefixAffinity, RoutingRules};
use swan_core::{Amount, ProviderId};

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
    assert_eq!(market.records.last().attempts.len(), 2);
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
    assert_eq!(market.records.last().attempts.len(), 1);

    let call = market.chat(&*body).header("x-swan-allow-fallbacks", "true");
    let answer = call.background();
    tokio::join!(one.serve(broken()), two.serve(broken()));
    assert_eq!(answer.await.unwrap().error_code(), "provider_failed");
    assert_eq!(market.records.last().attempts.len(), 2);
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

#[tokio::test]
async fn a_trace_says_why_to_those_who_ask() {
    let market = Market::start().await;
    let _one = market.provider(1).await;
    let mut two = market.provider(2).await;
    let body = ask(r#""provider":{"ignore":["node-1"]}"#);
    let answer = market.chat(&*body).header("x-swan-trace", "1").background();
    two.serve(reply(completion("hello", 7, 2))).await;
    let answer = answer.await.unwrap();
    let trace: serde_json::Value = serde_json::from_str(answer.header("x-swan-trace")).unwrap();
    let id = |number: u128| ProviderId::from_u128(number).to_string();
    assert_eq!(trace["strategy"], "health-aware");
    assert_eq!(
        (&trace["candidates"], &trace["chosen"]),
        (&2.into(), &id(2).into())
    );
    assert_eq!(trace["trace"][0][0], id(1));
    assert_eq!(trace["trace"][0][1]["reason"], "ignored");
    assert_eq!(trace["trace"][1][1]["reason"], "chosen");

    let answer = market.chat(&*body).background();
    two.serve(reply(completion("hello", 7, 2))).await;
    assert_eq!(answer.await.unwrap().header("x-swan-trace"), "");

    let body = ask(r#""provider":{"ignore":["node-1","node-2"]}"#);
    let call = market.chat(body).header("x-swan-trace", "true");
    let answer = call.send().await;
    assert_eq!(answer.status, 404);
    assert!(
        answer
            .header("x-swan-trace")
            .contains(r#""nobody":{"nobody":"none_eligible""#)
    );

    let wrong = market
        .chat(ask(""))
        .header("x-swan-trace", "maybe")
        .send()
        .await;
    assert_eq!(
        (wrong.status, &*wrong.error_code()),
        (400, "invalid_header")
    );
}

#[tokio::test]
async fn what_belongs_together_stays_together_where_the_strategy_keeps_it() {
    let rules = RoutingRules::default();
    let strategy = Arc::new(PrefixAffinity::new(&rules));
    let market = Market::with(|builder| builder.with_routing(strategy)).await;
    let mut serving = Vec::new();
    for number in 1..=4 {
        let mut provider = market.provider(number).await;
        serving.push(tokio::spawn(async move {
            loop {
                provider.serve(reply(completion("hello", 7, 2))).await;
            }
        }));
    }
    let mut homes = BTreeSet::new();
    for field in ["session_id", "prompt_cache_key", "user"] {
        for key in 0..2 {
            let body = ask(&format!("\"{field}\":\"conversation-{field}-{key}\""));
            let mut served = BTreeMap::<String, u32>::new();
            for _ in 0..20 {
                let answer = market.chat(&*body).send().await;
                let name = answer.header("x-swan-provider-name").to_owned();
                *served.entry(name).or_default() += 1;
                market.settled().await;
            }
            // Of cold providers two in a hundred requests are probes.
            let home = served.into_iter().find(|(_, requests)| *requests >= 15);
            homes.insert(home.expect("most go to one provider").0);
        }
    }
    assert!(homes.len() > 1, "not everything has one home");
    serving.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn promises_about_data_are_kept_apart() {
    let market = Market::start().await;
    let promises = |word: &str| ModelDeclaration {
        data_collection: word.to_owned(),
        ..ModelDeclaration::default()
    };
    let mut silent = market.provider_declaring(1, promises("maybe")).await;
    let mut collects = market.provider_declaring(2, promises("allow")).await;
    let mut discreet = market.provider_declaring(3, promises("deny")).await;
    let body = ask(r#""provider":{"data_collection":"deny"}"#);
    served_by(&market, &body, "node-3", &mut discreet).await;
    let strict = ask(r#""provider":{"zdr":true}"#);
    let answer = market.chat(&*strict).send().await;
    assert_eq!(answer.error_code(), "no_eligible_provider");
    let mut forgetful = market
        .provider_declaring(4, promises("zero_retention"))
        .await;
    served_by(&market, &strict, "node-4", &mut forgetful).await;
    for (node, provider) in [("node-1", &mut silent), ("node-2", &mut collects)] {
        let body = ask(&format!(r#""provider":{{"only":["{node}"]}}"#));
        served_by(&market, &body, node, provider).await;
    }
}
