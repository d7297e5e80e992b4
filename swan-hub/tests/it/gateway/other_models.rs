//! `models`: what a consumer takes when his first model cannot be served.

use swan_core::protocol::Failure;
use swan_core::{Amount, Usage};

use super::http::{Answer, Call};
use super::provider::{Act, reply, sse};
use super::{DONE, MODEL, Market, STOP, completion, delta, usage};

/// Another model: $0.08 per million tokens in, $0.12 out.
const OTHER: &str = "Qwen/Qwen3-32B";

/// A chat request with these members.
fn ask_of(members: &str) -> String {
    format!(r#"{{{members},"max_tokens":64,"messages":[{{"role":"user","content":"hi"}}]}}"#)
}

fn price_of(market: &Market, model: &str, prompt: u64, completion: u64) -> Amount {
    let policy = market.hub.policy();
    let price = *policy.model(model).unwrap().token_price().unwrap();
    let none = swan_core::BasisPoints::ZERO;
    let terms = swan_core::Terms::in_usd(policy.stamp().clone(), price, none);
    terms.price(&Usage::tokens(prompt, 0, completion)).unwrap()
}

fn served_in(answer: &Answer, model: &str) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("x-swan-model"), model);
}

#[tokio::test]
async fn the_next_model_serves_where_nobody_serves_the_first_and_is_the_one_that_is_paid() {
    let market = Market::start().await;
    let mut provider = market.provider_of(1, true, &[OTHER]).await;
    let lists = [
        format!(r#""model":"{MODEL}","models":["{OTHER}"]"#),
        format!(r#""models":["{MODEL}","{OTHER}"]"#),
        format!(r#""models":["{MODEL}","{OTHER}"],"model":null"#),
        format!(r#""model":"{MODEL}","models":["{MODEL}","qwen3","nobody/Knows-7B","qwen3:32b"]"#),
        format!(r#""model":"nobody/Knows-7B","models":["{OTHER}"]"#),
    ];
    for (list, served) in lists.iter().zip(1..) {
        let answer = market.chat(ask_of(list)).background();
        let asked = provider.serve(reply(completion("hello", 7, 2))).await;
        let sent = String::from_utf8(asked.body.to_vec()).unwrap();
        assert!(!sent.contains("models"), "{sent}");
        let sent: serde_json::Value = serde_json::from_str(&sent).unwrap();
        assert_eq!(sent["model"], OTHER, "{list}");
        let answer = answer.await.unwrap();
        served_in(&answer, OTHER);
        let cost = price_of(&market, OTHER, 7, 2);
        assert_eq!(answer.header("x-swan-cost"), cost.to_string());
        let all = Amount::from_pico(cost.pico() * served).unwrap();
        assert_eq!(market.spent("5"), all);
        assert_eq!(market.records.last().model.unwrap().as_str(), OTHER);
    }
}

#[tokio::test]
async fn the_next_model_serves_when_every_attempt_at_the_first_has_failed() {
    let market = Market::start().await;
    let mut first = market.provider_of(1, true, &[MODEL]).await;
    let mut second = market.provider_of(2, true, &[OTHER]).await;
    for fails in [
        vec![Act::Fail(Failure::provider(500, "broken"))],
        sse("data: {\"error\":{\"message\":\"out of memory\"}}\n\n"),
        super::provider::refusal(400, r#"{"error":{"message":"too long"}}"#),
    ] {
        let before = market.available();
        let list = format!(r#""model":"{MODEL}","models":["{OTHER}"],"stream":true"#);
        let answer = market.chat(ask_of(&list)).background();
        first.serve(fails).await;
        let whole = [delta("hello"), STOP.into(), usage(7, 2), DONE.into()].concat();
        second.serve(sse(whole)).await;
        let answer = answer.await.unwrap();
        served_in(&answer, OTHER);
        market.settled().await;
        let cost = price_of(&market, OTHER, 7, 2);
        assert_eq!(before.checked_sub(market.available()).unwrap(), cost);
        assert_eq!(market.records.last().attempts.len(), 2);
    }
}

#[tokio::test]
async fn the_first_model_that_can_be_served_is_served_at_its_own_price() {
    let market = Market::start().await;
    let mut provider = market.provider_of(1, true, &[MODEL, OTHER]).await;
    let list = format!(r#""model":"{MODEL}","models":["{OTHER}"]"#);
    let answer = market.chat(ask_of(&list)).background();
    provider.serve(reply(completion("hello", 7, 2))).await;
    served_in(&answer.await.unwrap(), MODEL);
    assert_eq!(market.spent("5"), market.price(7, 2));
}

#[tokio::test]
async fn funds_must_cover_the_dearest_of_the_models() {
    let market = Market::start().await;
    // What is there pays for a thousand tokens of the first model, and not of the other.
    let poor = swan_core::AccountId::from_u128(78);
    let key = market
        .issue(swan_hub::store::KeyKind::Consumer(poor), 2)
        .await;
    let usd = swan_core::Currency::Usd;
    market.grant_to(poor, usd, "0.00005").await;
    let body = |list: &str| {
        format!(r#"{{{list},"max_tokens":1000,"messages":[{{"role":"user","content":"hi"}}]}}"#)
    };
    let ask = |body: String| {
        Call::post(market.address, "/v1/chat/completions")
            .header("authorization", &format!("Bearer {key}"))
            .header("content-type", "application/json")
            .body(body)
    };
    let one = ask(body(&format!(r#""model":"{MODEL}""#))).send().await;
    assert_eq!((one.status, &*one.error_code()), (503, "no_provider"));
    let list = format!(r#""model":"{MODEL}","models":["{OTHER}"]"#);
    let both = ask(body(&list)).send().await;
    assert_eq!(
        (both.status, &*both.error_code()),
        (402, "insufficient_funds")
    );
}

#[tokio::test]
async fn when_no_model_can_be_served_the_last_failure_is_told_and_nothing_is_charged() {
    let market = Market::start().await;
    for (list, status, code) in [
        (
            format!(r#""model":"{MODEL}","models":["{OTHER}"]"#),
            503,
            "no_provider",
        ),
        (
            r#""model":"nobody/Knows-7B","models":["nor/Anybody-7B"]"#.into(),
            404,
            "model_not_found",
        ),
    ] {
        let answer = market.chat(ask_of(&list)).send().await;
        assert_eq!((answer.status, &*answer.error_code()), (status, code));
        assert_eq!(market.spent("5"), Amount::ZERO);
    }
    let nine: Vec<String> = (0..9).map(|n| format!("\"m/M-{n}b\"")).collect();
    for list in [
        "[]".to_owned(),
        "\"a\"".into(),
        "[1]".into(),
        "[\"\"]".into(),
        format!("[{}]", nine.join(",")),
    ] {
        let body = ask_of(&format!(r#""model":"{MODEL}","models":{list}"#));
        let answer = market.chat(body).send().await;
        assert_eq!(
            (answer.status, &*answer.error_code()),
            (400, "invalid_value")
        );
        assert_eq!(answer.json()["error"]["param"], "models");
    }
}
