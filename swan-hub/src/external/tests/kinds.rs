//! What a model at an endpoint does: as it is configured, as the endpoint lists it, as its name tells. And what becomes of a
//! model whose endpoint does not know an operation.

use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use http::StatusCode;
use swan_core::Modality;
use swan_core::protocol::Operation;
use swan_core::routing::{Candidates as _, RouteRequest};

use super::{Spare, config, job, model, serve};
use crate::external::{ExternalConfig, ExternalModel};
use crate::providers::Outcome;

fn kinds(spare: &Spare) -> Vec<(String, Modality)> {
    let models = spare.endpoints.models();
    let kinds = models.iter().map(|it| (it.id.to_string(), it.modality));
    kinds.collect()
}

fn named(kinds: &[(&str, Modality)]) -> Vec<(String, Modality)> {
    let kinds = kinds.iter().map(|(name, kind)| ((*name).to_owned(), *kind));
    kinds.collect()
}

#[tokio::test]
async fn a_discovered_model_does_what_its_server_says_or_its_name_shows() {
    let list = get(|| async {
        r#"{"object":"list","data":[
            {"id":"house-vectors","type":"embedding"}, {"id":"house-pictures","mode":"image_generation"},
            {"id":"house-ears","task":"automatic-speech-recognition"}, {"id":"house-judge","capabilities":["rerank"]},
            {"id":"bge-m3"}, {"id":"house-words"}, {"id":7}, null]}"#
    });
    let base = serve(Router::new().route("/v1/models", list)).await;
    let found = Spare::of(&[ExternalConfig::new("found", &base)]).expect("good");
    found.look().await;
    let expected = named(&[
        ("bge-m3", Modality::Embedding),
        ("house-ears", Modality::Audio),
        ("house-pictures", Modality::Image),
        ("house-vectors", Modality::Embedding),
        ("house-words", Modality::Chat),
    ]);
    let listed = kinds(&found);
    let outside = listed.iter().filter(|(name, _)| !name.contains('/'));
    assert_eq!(outside.cloned().collect::<Vec<_>>(), expected);
    // A reload with another capacity keeps what the server has said.
    let mut roomier = ExternalConfig::new("found", &base);
    roomier.limits.capacity = 7;
    let after = Spare::after(&[roomier], Some(&found)).expect("good");
    assert_eq!(kinds(&after), listed);
}

#[tokio::test]
async fn a_list_without_a_name_is_read_and_one_that_is_null_is_empty() {
    for (list, count) in [
        (r#"[{"id":"house-words","object":"model"}]"#, 1),
        (r#"{"object":"list","data":null}"#, 0),
    ] {
        let base = serve(Router::new().route("/v1/models", get(move || async move { list }))).await;
        let found = Spare::of(&[ExternalConfig::new("found", &base)]).expect("good");
        found.look().await;
        assert_eq!(found.endpoints.models().len(), count, "{list}");
    }
}

#[test]
fn a_configured_kind_counts_and_the_catalogues_cannot_be_changed() {
    let house = |model| ExternalConfig::new("own", "http://127.0.0.1:9").with_model("house", model);
    let minute = swan_core::UnitPrice::new("0.006".parse().expect("an amount")).expect("a price");
    for (model, kind) in [
        (ExternalModel::named("h"), Modality::Chat),
        (
            ExternalModel::named("h").with_kind(Modality::Embedding),
            Modality::Embedding,
        ),
        (
            ExternalModel::named("h").with_price(swan_core::ModelPrice::PerMinute(minute)),
            Modality::Audio,
        ),
    ] {
        let spare = Spare::of(&[house(model)]).expect("good");
        assert_eq!(kinds(&spare), named(&[("house", kind)]));
    }
    let wrong = ExternalModel::named("h").with_kind(Modality::Image);
    let wrong = ExternalConfig::new("own", "http://127.0.0.1:9").with_model("Qwen/Qwen3-8B", wrong);
    let error = Spare::of(&[wrong]).err().expect("it chats").to_string();
    assert!(error.contains("image") && error.contains("chat"), "{error}");
}

#[test]
fn of_two_endpoints_with_different_kinds_of_one_name_the_first_serves() {
    let house = |name: &str, kind| {
        ExternalConfig::new(name, "http://127.0.0.1:9")
            .with_model("house", ExternalModel::named("h").with_kind(kind))
    };
    let both = [house("one", Modality::Audio), house("two", Modality::Image)];
    let spare = Spare::of(&both).expect("good");
    assert_eq!(kinds(&spare), named(&[("house", Modality::Audio)]));
    let tiers = spare.endpoints.of(&"house".parse().expect("a name"));
    assert_eq!(
        tiers
            .expect("served")
            .iter()
            .map(|tier| tier.links.len())
            .sum::<usize>(),
        1
    );
}

#[tokio::test]
async fn an_operation_that_is_refused_rests_alone() {
    let routes = Router::new().route("/v1/chat/completions", post(|| async { "{}" }));
    let base = serve(routes).await;
    let spare = Spare::of(&[config(&base)]).expect("good");
    let is_eligible = |operation: &Operation| {
        let tiers = spare.endpoints.of(&model()).expect("served");
        let request = RouteRequest {
            operation: Some(operation),
            ..RouteRequest::default()
        };
        let tier = tiers[0].at(swan_core::Clock::now(&*spare.clock), &request, None);
        let offered = (tier.candidate(0).expect("one"), tier.offer(0));
        offered.0.is_usable() && request.ineligible(&offered.0, &offered.1).is_none()
    };
    let (chat, text) = (Operation::ChatCompletions, Operation::Completions);
    for _ in 0..20 {
        let slot = spare.connect(&model()).expect("its breaker stays closed");
        let mut job = job(false);
        job.operation = text.clone();
        let mut reply = slot.dispatch(job).expect("sent");
        let error = reply.head().await.expect_err("no such route");
        assert_eq!(error.status(), Some(StatusCode::NOT_FOUND.as_u16()));
        slot.finish(Outcome::Failed(error.ending()));
    }
    assert!(is_eligible(&chat) && !is_eligible(&text));
    assert!(!is_eligible(&Operation::Embeddings), "not of a chat model");
    spare.clock.advance(Duration::from_secs(300));
    assert!(is_eligible(&text), "it is asked again");
}
