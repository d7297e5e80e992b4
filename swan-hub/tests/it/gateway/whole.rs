//! Answers that come whole: what passes through, what is charged, what is shown.

use swan_core::{Amount, Currency, ExchangeRate};
use swan_hub::{FixedPrice, Outcome};

use super::counted::{claimable, counted};
use super::provider::{refusal, reply};
use super::{MODEL, Market, ask, completion};

#[tokio::test]
async fn a_request_is_answered_charged_and_shared_out() {
    for v2 in [true, false] {
        let market = Market::start().await;
        let mut provider = market.provider_of(1, v2, &[MODEL]).await;
        let answer = market.chat(ask("\"temperature\":0.5")).background();
        let request = provider
            .serve(reply(completion("four words of text", 20, 4)))
            .await;
        let sent: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(sent["temperature"], 0.5);
        let answer = answer.await.unwrap();
        let cost = market.price(20, 4);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json()["usage"]["cost"], cost.to_string());
        assert_eq!(answer.json()["usage"]["prompt_tokens"], 20);
        assert_eq!(answer.header("x-swan-cost"), cost.to_string());
        assert_eq!(answer.header("x-swan-cost-currency"), "USD");
        assert_eq!(answer.header("x-swan-connection-mode"), "websocket");
        assert_eq!(
            answer.header("x-swan-provider-id"),
            "prov-00000000000000000000000000000001"
        );
        assert_eq!(answer.header("x-swan-provider-name"), "node-1");
        assert_eq!(answer.header("x-swan-route-mode"), "auto");
        assert!(answer.header("x-swan-latency-ms").parse::<u64>().is_ok());
        assert_eq!(
            answer.header("x-request-id"),
            answer.header("x-swan-request-id")
        );
        assert_eq!(
            answer.header("content-length"),
            answer.body.len().to_string()
        );
        assert_eq!(market.spent("5"), cost);
        let policy = market.hub.policy();
        let share = policy.split();
        assert_eq!(
            market.earned(1),
            swan_core::RevenueSplit::split(share, cost).provider
        );
        let record = market.records.last();
        assert_eq!(record.outcome, Outcome::Completed);
        assert_eq!((record.attempts.len(), record.charge), (1, cost));
        assert_eq!(record.request.to_string(), answer.header("x-request-id"));
    }
}

#[tokio::test]
async fn what_the_hub_does_not_know_passes_both_ways_byte_for_byte() {
    let market = Market::start().await;
    let mut provider = market.provider_of(1, true, &["qwen3:8b"]).await;
    let body = format!(
        r#"{{ "model" : "{MODEL}", "payment":"USD","seed":18446744073709551617, "messages":[],"x":{{"y":[1.10,null]}}}}"#
    );
    let answer = market.chat(body).background();
    let theirs = r#"{"big":123456789012345678901234567890,"choices":[{"index":0}],"usage":{"prompt_tokens":3,"completion_tokens":0},"é":"\u00e9"}"#;
    let request = provider.serve(reply(theirs)).await;
    let sent = std::str::from_utf8(&request.body).unwrap();
    assert_eq!(
        sent,
        r#"{ "model" : "qwen3:8b","seed":18446744073709551617, "messages":[],"x":{"y":[1.10,null]}}"#
    );
    let answer = answer.await.unwrap();
    let cost = market.price(3, 0);
    assert_eq!(
        answer.text(),
        theirs.replace(r#"{"prompt"#, &format!(r#"{{"cost":"{cost}","prompt"#))
    );
}

#[tokio::test]
async fn usage_is_believed_only_as_far_as_the_hub_has_seen() {
    let prompt = counted(&ask(""));
    for (name, usage, charged) in [
        (
            "honest",
            r#"{"prompt_tokens":9,"completion_tokens":2}"#,
            (9, 2),
        ),
        (
            "more than twice the count",
            r#"{"prompt_tokens":900000,"completion_tokens":900000}"#,
            (claimable(&ask("")), 2 + 16),
        ),
        (
            "negative",
            r#"{"prompt_tokens":-9,"completion_tokens":2}"#,
            (prompt, 1),
        ),
        (
            "a fraction",
            r#"{"prompt_tokens":9.5,"completion_tokens":2}"#,
            (prompt, 1),
        ),
        ("null", "null", (prompt, 1)),
        ("a string", r#""many""#, (prompt, 1)),
    ] {
        let market = Market::start().await;
        let mut provider = market.provider(1).await;
        let answer = market.chat(ask("")).background();
        let body = format!(
            r#"{{"choices":[{{"message":{{"content":"hello"}},"finish_reason":"stop"}}],"usage":{usage}}}"#
        );
        provider.serve(reply(body)).await;
        let answer = answer.await.unwrap();
        let cost = market.price(charged.0, charged.1);
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
        assert_eq!(market.spent("5"), cost, "{name}");
        // The consumer sees what was charged, never what was claimed beyond it.
        let usage = &answer.json()["usage"];
        assert_eq!(usage["prompt_tokens"], charged.0, "{name}");
        assert_eq!(usage["completion_tokens"], charged.1, "{name}");
        assert_eq!(usage["cost"], cost.to_string(), "{name}");
        assert_eq!(answer.text().matches("\"usage\"").count(), 1, "{name}");
    }
}

#[tokio::test]
async fn an_answer_without_usage_gets_the_usage_that_was_charged() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let answer = market.chat(ask("")).background();
    provider
        .serve(reply(r#"{"choices":[{"message":{"content":"hello"}}]}"#))
        .await;
    let answer = answer.await.unwrap();
    let prompt = counted(&ask(""));
    assert_eq!(answer.json()["usage"]["total_tokens"], prompt + 1);
    assert_eq!(market.spent("5"), market.price(prompt, 1));
}

#[tokio::test]
async fn paying_in_swan_costs_a_fifth_less_at_the_price_of_the_moment() {
    let rate = ExchangeRate::usd_per_swan("0.5".parse().unwrap()).unwrap();
    let market = Market::with(|builder| {
        builder.with_price_oracle(std::sync::Arc::new(FixedPrice::new(rate)))
    })
    .await;
    let books = market.hub.books();
    market.grant_to(market.account, Currency::Swan, "10").await;
    let mut provider = market.provider(1).await;
    let usd = market.price(20, 4);
    for (call, cost) in [
        (market.chat(ask("\"payment\":\"SWAN\"")), usd.pico() * 8 / 5),
        (
            market.chat(ask("")).header("x-swan-payment", "SWAN"),
            usd.pico() * 8 / 5,
        ),
    ] {
        let before = books.available(market.account, Currency::Swan);
        let answer = call.background();
        provider
            .serve(reply(completion("four words of text", 20, 4)))
            .await;
        let answer = answer.await.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("x-swan-cost-currency"), "SWAN");
        let after = books.available(market.account, Currency::Swan);
        assert_eq!(before.checked_sub(after).unwrap().pico(), cost);
        assert_eq!(market.spent("5"), Amount::ZERO);
    }
}

#[tokio::test]
async fn what_the_model_server_refuses_is_passed_on_in_one_shape_and_costs_nothing() {
    for (status, body, code, message) in [
        (
            400,
            r#"{"error":{"message":"too long","type":"BadRequest","code":400}}"#,
            "400",
            "too long",
        ),
        (
            422,
            r#"{"detail":"no such field"}"#,
            "rejected_by_model_server",
            "no such field",
        ),
        (
            413,
            "<html><title>Too big</title></html>",
            "rejected_by_model_server",
            "Too big",
        ),
        (400, r#"{"message":"flat","code":"bad"}"#, "bad", "flat"),
    ] {
        let market = Market::start().await;
        let mut provider = market.provider(1).await;
        let mut other = market.provider(2).await;
        let call = market.chat(ask("")).header("x-swan-provider", "node-1");
        let answer = call.background();
        provider.serve(refusal(status, body)).await;
        // The other one agrees, in words of its own.
        other.serve(refusal(400, r#"{"error":"wrong"}"#)).await;
        let answer = answer.await.unwrap();
        assert_eq!(answer.status, status);
        assert_eq!(answer.error_code(), code);
        assert_eq!(answer.json()["error"]["message"], message);
        assert_eq!(market.spent("5"), Amount::ZERO);
    }
}

#[tokio::test]
async fn a_limit_above_what_the_model_may_give_is_lowered_to_what_was_held() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let answer = market.chat(ask("\"max_tokens\":1000000")).background();
    let request = provider.serve(reply(completion("ok", 1, 1))).await;
    let sent: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    let most = market.hub.policy().model(MODEL).unwrap().max_output_tokens;
    assert_eq!(sent["max_tokens"], most);
    assert_eq!(answer.await.unwrap().status, 200);
}
