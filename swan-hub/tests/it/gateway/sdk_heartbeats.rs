//! Heartbeats as the official OpenAI SDKs read them: not at all.

use std::time::Duration;

use swan_core::protocol::StreamEnd;

use super::provider::{Act, begin};
use super::{DONE, MODEL, Market, STOP, delta, usage};
use crate::e2e::tools::Sdk;

/// How often the hub says that a stream lives.
const HEARTBEAT: Duration = Duration::from_millis(200);
/// How slow the model server is, with its first token and in the middle of its answer.
const SLOW: Duration = Duration::from_millis(900);

async fn passes_over_heartbeats(sdk: Sdk) {
    for v2 in [true, false] {
        let market = Market::with_limits(|limits| limits.heartbeat = HEARTBEAT).await;
        let mut provider = market.provider_of(1, v2, &[MODEL]).await;
        let slow = tokio::spawn(async move {
            for _ in 0..2 {
                let stream = provider.request().await.stream;
                tokio::time::sleep(SLOW).await;
                provider.act(stream, begin(delta("hello"))).await;
                tokio::time::sleep(SLOW).await;
                let rest = [delta(" world"), STOP.into(), usage(7, 2), DONE.into()].concat();
                let rest = [Act::Body(rest), Act::Finish(StreamEnd::default())];
                provider.act(stream, rest).await;
            }
            provider
        });
        let url = format!("http://{}/v1", market.address);
        let seen = sdk.run("heartbeats", &url, &market.key, &[MODEL]).await;
        assert_eq!(seen["content"], "hello world", "{seen}");
        assert_eq!(seen["finish_reason"], "stop", "{seen}");
        assert_eq!(
            seen["events"], 4,
            "two of content, an end, and the usage: {seen}"
        );
        assert_eq!(seen["usage"]["completion_tokens"], 2, "{seen}");
        let price = market.price(7, 2);
        assert_eq!(seen["usage"]["cost"], price.to_string(), "{seen}");
        // Some in each silence: a busy machine may let a few fall together.
        assert!(seen["comments"].as_u64().unwrap() >= 4, "{seen}");
        assert_eq!(seen["last"], "data: [DONE]", "{seen}");
        slow.await.unwrap();
        market.settled().await;
        assert_eq!(market.spent("5"), price.times(2).unwrap());
    }
}

#[tokio::test]
async fn the_python_sdk_does_not_notice_heartbeats() {
    passes_over_heartbeats(Sdk::Python).await;
}

#[tokio::test]
async fn the_node_sdk_does_not_notice_heartbeats() {
    passes_over_heartbeats(Sdk::Node).await;
}
