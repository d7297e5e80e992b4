//! What anybody may read of the market, field by field as the public network has it (public-swan.md 2.2).

use serde_json::Value;
use swan_core::protocol::{Length, Modality, ModelDeclaration};

use super::http::{Answer, Call};
use super::provider::{reply, sse};
use super::{DONE, MODEL, Market, STOP, ask, completion, delta, usage, within};

/// [`MODEL`] as a segment of a path.
const SEGMENT: &str = "Qwen%2FQwen3-8B";

impl Market {
    async fn read(&self, path: &str) -> Answer {
        Call::get(self.address, path).send().await
    }

    /// The `data` of a good answer.
    async fn data(&self, path: &str) -> Value {
        let answer = self.read(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        let body = answer.json();
        assert_eq!(
            (&body["code"], &body["msg"]),
            (&200.into(), &"success".into())
        );
        body["data"].clone()
    }

    /// The same as soon as it is as wanted: answers may be a second old.
    async fn data_when(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        within(async {
            loop {
                let data = self.data(path).await;
                if wanted(&data) {
                    return data;
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        })
        .await
    }
}

fn assert_fields(object: &Value, fields: &[&str]) {
    let members = object.as_object().unwrap();
    for field in fields {
        assert!(
            members.contains_key(*field),
            "{field} is missing in {object}"
        );
    }
}

fn declaring(context: u64) -> ModelDeclaration {
    ModelDeclaration {
        quantization: "fp8".into(),
        input_modalities: vec![Modality {
            kind: "text".into(),
            max_context_length: Some(Length {
                value: context,
                unit: "token".into(),
            }),
            ..Modality::default()
        }],
        ..ModelDeclaration::default()
    }
}

#[tokio::test]
async fn models_have_the_fields_of_the_public_network() {
    let market = Market::start().await;
    let _one = market.provider_declaring(1, declaring(32_768)).await;
    let _two = market.provider_declaring(2, declaring(8_192)).await;
    let path = format!("/api/v1/models/{SEGMENT}");
    let model = market.data_when(&path, |model| model["online_providers"] == 2);
    let model = model.await;
    assert_fields(
        &model,
        &[
            "id",
            "slug",
            "name",
            "category",
            "active",
            "input_price",
            "output_price",
            "payout_input_price",
            "payout_output_price",
            "tier",
            "online_providers",
            "specs",
            "max_context_length",
            "max_context_basis",
            "guaranteed_context_length",
            "guaranteed_context_basis",
        ],
    );
    assert_fields(&model["specs"], &["context_length"]);
    for (field, expected) in [
        ("id", Value::from(MODEL)),
        ("slug", "qwen-qwen3-8b".into()),
        ("name", "Qwen3-8B".into()),
        ("category", "text-generation".into()),
        ("active", true.into()),
        ("tier", "standard".into()),
        ("max_context_length", 32_768.into()),
        ("guaranteed_context_length", 8_192.into()),
        ("guaranteed_context_basis", "reported".into()),
    ] {
        assert_eq!(model[field], expected, "{field}");
    }
    // Written digit by digit, so the text is exact: 95 % goes to the provider.
    let answer = market.read(&path).await;
    let text = answer.text();
    for exact in [
        "\"input_price\":0.01,",
        "\"output_price\":0.03,",
        "\"payout_input_price\":0.0095,",
        "\"payout_output_price\":0.0285,",
    ] {
        assert!(text.contains(exact), "{exact} in {text}");
    }
    let idle = market.data("/api/v1/models?page_size=500").await;
    let idle = idle["list"].as_array().unwrap();
    let other = idle.iter().find(|model| model["id"] != MODEL).unwrap();
    assert_eq!(other["guaranteed_context_basis"], "no_online_providers");
    assert_eq!(other["guaranteed_context_length"], Value::Null);
}

#[tokio::test]
async fn models_are_listed_in_pages_and_by_category() {
    let market = Market::start().await;
    let all = market.data("/api/v1/models?page_size=500").await;
    let total = all["total"].as_u64().unwrap();
    assert_eq!(all["list"].as_array().unwrap().len() as u64, total);
    let second = market.data("/api/v1/models?page_size=2&page=2").await;
    assert_eq!(second["list"][0], all["list"][2]);
    assert_eq!(
        (&second["page"], &second["total"]),
        (&2.into(), &total.into())
    );
    let images = market.data("/api/v1/models?category=image").await;
    let images = images["list"].as_array().unwrap();
    assert!(!images.is_empty());
    for image in images {
        assert_eq!(image["category"], "image");
        assert_eq!(image["price_unit"], "image");
        assert!(image["unit_price"].is_number() && image["input_price"].is_null());
    }
    let none = market.data("/api/v1/models?category=nothing").await;
    assert_eq!(none["total"], 0);
    let wrong = market.read("/api/v1/models?page_size=many").await;
    assert_eq!((wrong.status, &*wrong.error_code()), (400, "invalid_value"));
    assert_eq!(wrong.json()["error"]["param"], "page_size");
}

#[tokio::test]
async fn providers_of_a_model_show_what_they_declare_and_how_they_do() {
    let market = Market::start().await;
    let mut provider = market.provider_declaring(1, declaring(8_192)).await;
    let serving = tokio::spawn(market.chat(ask("\"stream\":true")).send());
    let answer = [delta("hello"), STOP.into(), usage(7, 2), DONE.into()].concat();
    provider.serve(sse(answer)).await;
    assert_eq!(serving.await.unwrap().status, 200);
    market.settled().await;
    let path = format!("/api/v1/models/{SEGMENT}/providers");
    let data = market.data_when(&path, |data| data["list"][0]["ttft_avg_ms"].is_number());
    let data = data.await;
    let row = &data["list"][0];
    assert_fields(
        row,
        &[
            "provider_id",
            "provider_name",
            "input_price",
            "output_price",
            "price_source",
            "quantization",
            "format",
            "uptime_30d",
            "ttft_avg_ms",
            "throughput",
            "context_length",
            "context_source",
            "reported_context_length",
        ],
    );
    for (field, expected) in [
        (
            "provider_id",
            Value::from("prov-00000000000000000000000000000001"),
        ),
        ("provider_name", "node-1".into()),
        ("price_source", "policy".into()),
        ("quantization", "fp8".into()),
        ("format", Value::Null),
        ("uptime_30d", Value::Null),
        ("context_length", 8_192.into()),
        ("context_source", "reported".into()),
        ("reported_context_length", 8_192.into()),
        ("capacity", 10.into()),
        ("nodes", 1.into()),
    ] {
        assert_eq!(row[field], expected, "{field}");
    }
    assert_eq!(data["total"], 1);
}

#[tokio::test]
async fn statistics_count_what_was_served() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let asking = market.chat(ask("")).background();
    provider.serve(reply(completion("hello", 7, 2))).await;
    assert_eq!(asking.await.unwrap().status, 200);
    market.settled().await;
    let counted = |data: &Value| data["requests_24h"] == 1;
    let network = market.data_when("/api/v1/stats/network", counted).await;
    for (field, expected) in [
        ("online_providers", 1),
        ("online_nodes", 1),
        ("online_models", 1),
        ("requests_24h", 1),
        ("completed_24h", 1),
        ("tokens_24h", 9),
        ("requests_in_flight", 0),
    ] {
        assert_eq!(network[field], expected, "{field}");
    }
    let leaders = market.data("/api/v1/stats/leaderboard").await;
    let leader = &leaders["list"][0];
    for (field, expected) in [
        ("rank", Value::from(1)),
        ("provider_name", "node-1".into()),
        ("requests_24h", 1.into()),
        ("tokens_24h", 9.into()),
        ("success_rate", 100.0.into()),
        ("benchmark_score", Value::Null),
        ("online", true.into()),
    ] {
        assert_eq!(leader[field], expected, "{field}");
    }
    let demand = market.data("/api/v1/stats/model-demand").await;
    let row = &demand["list"][0];
    assert_fields(row, &DEMAND);
    assert_eq!(
        (&row["model_id"], &row["requests_24h"]),
        (&MODEL.into(), &1.into())
    );
    assert_eq!(
        (&row["demand_trend"], &row["vram_known"]),
        (&"up".into(), &true.into())
    );
    let utilization = market.data("/api/v1/stats/utilization").await;
    assert_eq!(utilization["models"][0]["capacity"], 10);
    let gpus = market.data("/api/v1/stats/gpu").await;
    assert_eq!(
        (&gpus["total_gpus"], &gpus["undeclared_nodes"]),
        (&0.into(), &1.into())
    );
    let summary = market.data("/api/v1/dashboard/summary").await;
    assert_eq!(summary["network"]["requests_24h"], 1);
    assert_eq!(summary["top_models"][0]["model_id"], MODEL);
    assert_eq!(market.data("/api/v1/health").await["status"], "healthy");
}

/// The fields of a row of `model-demand`.
const DEMAND: [&str; 28] = [
    "model_id",
    "model_name",
    "category",
    "tier",
    "input_price",
    "output_price",
    "provider_input_price",
    "provider_output_price",
    "online_providers",
    "requests_24h",
    "tokens_24h",
    "revenue_24h",
    "avg_latency_ms",
    "demand_trend",
    "demand_change_pct",
    "min_vram_gb",
    "vram_known",
    "est_daily_earnings",
    "est_entrant_daily_earnings",
    "entrant_basis",
    "plan_covered",
    "subscription_share",
    "long_context_share",
    "context_length",
    "prompt_tokens_p50",
    "prompt_tokens_p95",
    "prompt_tokens_max",
    "total_tokens_p95",
];

#[tokio::test]
async fn files_are_not_made_up() {
    let market = Market::start().await;
    let catalog = market.data("/api/v1/models/catalog").await;
    let models = catalog["models"].as_array().unwrap();
    assert_eq!(catalog["total"], models.len());
    assert_fields(
        &models[0],
        &[
            "model_id",
            "name",
            "category",
            "file_count",
            "total_size_bytes",
            "weight_source_url",
        ],
    );
    let path = format!("/api/v1/models/{SEGMENT}/files?format=gguf");
    let files = market.data(&path).await;
    assert_eq!(files["model_id"], MODEL);
    assert_eq!(files["files"], Value::Array(Vec::new()));
    assert_eq!(
        (&files["file_count"], &files["total_size_bytes"]),
        (&0.into(), &0.into())
    );
    let chains = market.data("/api/v1/provider/collateral/contract").await;
    assert_eq!(chains["chains"], Value::Array(Vec::new()));
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_so() {
    let market = Market::start().await;
    for name in [
        "nobody%2Fnothing",
        "%00",
        "%ff%fe",
        "x%0d%0aY:%20z",
        &"a".repeat(5_000),
    ] {
        for rest in ["", "/providers", "/files"] {
            let answer = market.read(&format!("/api/v1/models/{name}{rest}")).await;
            let code = answer.error_code();
            assert_eq!((answer.status, &*code), (404, "model_not_found"), "{name}");
        }
    }
}
