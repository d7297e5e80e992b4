//! Providers who lie about what an answer used and cost.

use swan_core::Amount;

use super::super::provider::{reply, sse};
use super::super::{DONE, Market, STOP, ask, delta};

/// Usage objects that claim to be a cost, or more than can be.
const CLAIMS: [&str; 19] = [
    r#"{"prompt_tokens":7,"completion_tokens":2,"cost":"999"}"#,
    r#"{"prompt_tokens":7,"completion_tokens":2,"c\u006fst":"999"}"#,
    r#"{"prompt_tokens":7,"completion_tokens":2,"\u0063\u006f\u0073\u0074":"999"}"#,
    r#"{"cost":"1","prompt_tokens":7,"completion_tokens":2,"c\u006fst":"999"}"#,
    r#"{"prompt_tokens":7,"completion_tokens":2,"cost":{"usd":999}}"#,
    r#"{"prompt_tokens":-7,"completion_tokens":2}"#,
    r#"{"prompt_tokens":7,"completion_tokens":-2}"#,
    r#"{"prompt_tokens":18446744073709551616,"completion_tokens":2}"#,
    r#"{"prompt_tokens":18446744073709551615,"completion_tokens":18446744073709551615}"#,
    r#"{"prompt_tokens":1e999,"completion_tokens":2}"#,
    r#"{"prompt_tokens":1.5,"completion_tokens":2}"#,
    r#"{"prompt_tokens":"7","completion_tokens":"2"}"#,
    r#"{"prompt_tokens":7,"prompt_tokens":999999,"completion_tokens":2}"#,
    r#"{"prompt_tokens":999999,"completion_tokens":999999}"#,
    r#"{"prompt_tokens":7,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":999999}}"#,
    r#"{"prompt_tokens":7,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":-1}}"#,
    r#"{"prompt_tokens":[],"completion_tokens":{}}"#,
    "{}",
    "null",
];

#[tokio::test]
async fn what_is_shown_is_what_was_charged_whatever_is_claimed() {
    for claim in CLAIMS {
        for key in ["usage", "us\\u0061ge"] {
            let market = Market::start().await;
            let mut provider = market.provider(1).await;
            let body = ask("");
            let most = market.price(body.len() as u64 + 128, 5 + 16);
            let answer = market.chat(body).background();
            let theirs = format!(
                r#"{{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{{"index":0,"message":{{"role":"assistant","content":"hello"}},"finish_reason":"stop"}}],"{key}":{claim}}}"#
            );
            provider.serve(reply(theirs)).await;
            let answer = answer.await.unwrap();
            assert_eq!(answer.status, 200, "{claim}: {}", answer.text());
            market.settled().await;
            let spent = market.spent("5");
            assert!(spent > Amount::ZERO && spent <= most, "{claim}: {spent}");
            assert_eq!(
                answer.json()["usage"]["cost"],
                spent.to_string(),
                "{key} {claim}: {}",
                answer.text()
            );
            assert_eq!(answer.header("x-swan-cost"), spent.to_string(), "{claim}");
        }
    }
}

#[tokio::test]
async fn in_streams_too() {
    for claim in CLAIMS {
        for key in ["usage", "us\\u0061ge"] {
            let market = Market::start().await;
            let mut provider = market.provider(1).await;
            let body = ask("\"stream\":true,\"stream_options\":{\"include_usage\":true}");
            let most = market.price(body.len() as u64 + 128, 5 + 16);
            let answer = market.chat(body).background();
            let chunk = format!(
                "data: {{\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[],\"{key}\":{claim}}}\n\n"
            );
            provider
                .serve(sse([&delta("hello"), STOP, &chunk, DONE].concat()))
                .await;
            let events = answer.await.unwrap().events();
            market.settled().await;
            let spent = market.spent("5");
            assert!(spent > Amount::ZERO && spent <= most, "{claim}: {spent}");
            let last: serde_json::Value = serde_json::from_str(&events[events.len() - 2]).unwrap();
            assert_eq!(
                last["usage"]["cost"],
                spent.to_string(),
                "{key} {claim}: {last}"
            );
            assert_eq!(events.last().unwrap(), "[DONE]");
        }
    }
}
