//! What `/metrics` tells, and whom.

use swan_hub::store::KeyKind;

use super::http::Call;
use super::provider::{refusal, reply, sse};
use super::{DONE, MODEL, Market, STOP, ask, completion, delta, usage};

impl Market {
    async fn figures(&self, key: Option<&str>) -> super::http::Answer {
        let mut call = Call::get(self.address, "/metrics");
        if let Some(key) = key {
            call = call.header("authorization", &format!("Bearer {key}"));
        }
        call.send().await
    }
}

#[tokio::test]
async fn requests_tokens_charges_and_times_are_told_to_administrators() {
    let market = Market::start().await;
    let admin = market.issue(KeyKind::Admin, 9).await;
    let mut provider = market.provider(1).await;
    let answer = market.chat(ask("")).background();
    provider.serve(reply(completion("hello", 7, 2))).await;
    assert_eq!(answer.await.unwrap().status, 200);
    let answer = market.chat(ask("\"stream\":true")).background();
    let stream = [delta("hello"), STOP.into(), usage(7, 2), DONE.into()].concat();
    provider.serve(sse(stream)).await;
    assert_eq!(answer.await.unwrap().status, 200);
    let unknown = market.chat(ask("").replace(MODEL, "no/such\\\"model"));
    assert_eq!(unknown.send().await.status, 404);
    market.settled().await;
    market.hub.books().flush().await.unwrap();

    let answer = market.figures(Some(&admin)).await;
    let text = answer.text();
    let price = market.price(7, 2);
    let charged = price.checked_add(price).unwrap();
    let labels = |stream: &str| {
        format!(
            "{{operation=\"chat/completions\",model=\"{MODEL}\",mode=\"websocket\",stream=\"{stream}\",outcome=\"completed\",code=\"\"}}"
        )
    };
    for line in [
        format!("swan_requests_total{} 1", labels("false")),
        format!("swan_requests_total{} 1", labels("true")),
        format!("swan_tokens_total{{model=\"{MODEL}\",direction=\"input\"}} 14"),
        format!("swan_tokens_total{{model=\"{MODEL}\",direction=\"output\"}} 4"),
        format!("swan_charged_total{{currency=\"USD\"}} {charged}"),
        format!("swan_providers_online{{model=\"{MODEL}\"}} 1"),
        format!("swan_slots_in_use{{model=\"{MODEL}\"}} 0"),
        "swan_first_content_seconds_count{operation=\"chat/completions\",mode=\"websocket\",stream=\"true\"} 1".into(),
        "swan_overhead_seconds_count{operation=\"chat/completions\",mode=\"websocket\",stream=\"false\"} 1".into(),
        "swan_in_flight 0".into(),
        "swan_holds 0".into(),
        "swan_hold_events_total{currency=\"USD\",event=\"placed\"} 2".into(),
        "swan_hold_events_total{currency=\"USD\",event=\"posted\"} 2".into(),
        "swan_hold_events_total{currency=\"USD\",event=\"voided\"} 0".into(),
        "swan_hold_events_total{currency=\"SWAN\",event=\"placed\"} 0".into(),
        format!("swan_hold_amount_total{{currency=\"USD\",event=\"posted\"}} {charged}"),
        "swan_provider_sessions 1".into(),
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert!(text.contains("model=\"other\"") && text.contains("code=\"model_not_found\""));
    assert!(
        !text.contains("no/such"),
        "a model that nobody serves has no series"
    );
    let batches = text
        .lines()
        .find_map(|line| line.strip_prefix("swan_journal_batch_entries_sum "));
    let entries = text
        .lines()
        .find_map(|line| line.strip_prefix("swan_journal_entries_total "));
    assert!(
        batches.is_some() && batches == entries,
        "each entry is in one batch"
    );
    assert!(text.contains("process_resident_memory_bytes "), "{text}");
}

#[tokio::test]
async fn figures_are_for_administrators_unless_the_settings_say_otherwise() {
    let market = Market::start().await;
    assert_eq!(market.figures(None).await.status, 401);
    assert_eq!(market.figures(Some(&market.key)).await.status, 403);
    let settings = market.hub.settings().with_public_metrics(true);
    market.hub.reload(settings).unwrap();
    let answer = market.figures(None).await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").starts_with("text/plain"));
    let asked = Call::get(market.address, "/metrics")
        .header("accept", "application/openmetrics-text; version=1.0.0")
        .send()
        .await;
    assert!(
        asked
            .header("content-type")
            .starts_with("application/openmetrics-text")
    );
    assert!(asked.text().ends_with("# EOF\n"));
}

#[tokio::test]
async fn replays_and_what_was_given_back_are_counted() {
    let market = Market::start().await;
    let admin = market.issue(KeyKind::Admin, 9).await;
    let mut provider = market.provider(1).await;
    let keyed = || market.chat(ask("")).header("idempotency-key", "once");
    let answer = keyed().background();
    provider.serve(reply(completion("hello", 7, 2))).await;
    assert_eq!(answer.await.unwrap().status, 200);
    assert_eq!(keyed().send().await.status, 200);
    let answer = market.chat(ask("")).background();
    provider.serve(refusal(422, "no")).await;
    assert_eq!(answer.await.unwrap().status, 422);
    market.settled().await;
    market.hub.books().flush().await.unwrap();

    let answer = market.figures(Some(&admin)).await;
    let text = answer.text();
    for line in [
        "swan_idempotent_replays_total 1",
        "swan_hold_events_total{currency=\"USD\",event=\"placed\"} 2",
        "swan_hold_events_total{currency=\"USD\",event=\"posted\"} 1",
        "swan_hold_events_total{currency=\"USD\",event=\"voided\"} 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
}
