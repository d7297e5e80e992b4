//! What is read of requests other than chat, and of their answers.

use bytes::Bytes;
use proptest::prelude::*;
use swan_core::openai::{
    Asks, DataFacts, Encoding, Generation, RequestHead, Rewrite, with_vectors_as,
};
use swan_core::protocol::Operation;
use swan_core::{Policy, ReportedUsage, Seen, Work};

fn head(operation: &Operation, members: &str) -> RequestHead {
    let body = format!(r#"{{"model":"m",{members}}}"#);
    RequestHead::parse(operation, body.as_bytes()).unwrap()
}

fn completion(members: &str) -> Generation {
    let head = head(&Operation::Completions, members);
    *head.asks.generation().unwrap()
}

#[test]
fn a_prompt_is_counted_in_all_its_forms() {
    for (prompt, count) in [
        (r#""one""#, 1),
        (r#""""#, 1),
        (r#"["one"]"#, 1),
        (r#"["one","two"]"#, 2),
        ("[1,2,3]", 1),
        ("[[1,2],[3]]", 2),
    ] {
        let asked = completion(&format!(r#""prompt":{prompt}"#));
        assert_eq!((asked.choices, asked.generated), (count, count), "{prompt}");
        let asked = completion(&format!(r#""prompt":{prompt},"n":2,"best_of":5"#));
        assert_eq!((asked.choices, asked.generated), (2 * count, 5 * count));
        if prompt != r#""""# {
            let vectors = head(&Operation::Embeddings, &format!(r#""input":{prompt}"#));
            assert!(matches!(vectors.asks, Asks::Embedding(v) if v.inputs == count));
        }
    }
}

#[test]
fn a_completion_has_openais_limit_unless_it_names_one() {
    for (members, most, is_limited) in [
        (r#""prompt":"a""#, 16, false),
        (r#""prompt":"a","max_tokens":null"#, 16, false),
        (r#""prompt":"a","max_tokens":0"#, 0, true),
        (r#""prompt":"a","max_tokens":5"#, 5, true),
        (r#""prompt":"a","n_predict":9"#, 9, true),
        // Not a member of this operation, so no server obeys it here.
        (r#""prompt":"a","max_completion_tokens":9"#, 16, false),
    ] {
        let asked = completion(members);
        assert_eq!(asked.max_output_tokens(), Some(most), "{members}");
        assert_eq!(asked.is_limited(), is_limited, "{members}");
    }
}

#[test]
fn an_echo_repeats_each_prompt_for_each_choice() {
    let asked = completion(r#""prompt":["caf\u00e9","b"],"n":3,"echo":true"#);
    assert_eq!(asked.echoed_bytes, 3 * (5 + 1));
    assert_eq!(completion(r#""prompt":"caf\u00e9""#).echoed_bytes, 0);
}

#[test]
fn members_of_other_operations_are_only_passed_on() {
    let image = head(
        &Operation::ImagesGenerations,
        r#""prompt":"a","messages":7,"input":7,"input":8,"best_of":"x""#,
    );
    assert!(matches!(image.asks, Asks::Images(images) if images.n == 1));
    let vectors = head(
        &Operation::Embeddings,
        r#""input":"a","n":"many","max_tokens":-1"#,
    );
    assert!(matches!(vectors.asks, Asks::Embedding(_)));
}

#[test]
fn a_model_that_was_left_out_is_put_in() {
    for (given, sent) in [
        (r#"{"prompt":"a"}"#, r#"{"model":"flux","prompt":"a"}"#),
        (
            r#"{ "model":null,"prompt":"a"}"#,
            r#"{ "model":"flux","prompt":"a"}"#,
        ),
        (
            r#"{"payment":"SWAN","prompt":"a"}"#,
            r#"{"model":"flux","prompt":"a"}"#,
        ),
    ] {
        let body = Bytes::from_static(given.as_bytes());
        let head = RequestHead::parse(&Operation::ImagesGenerations, &body).unwrap();
        assert_eq!(head.model, "");
        let rewrite = Rewrite::new().with_model("flux").without_market_fields();
        assert_eq!(rewrite.apply(&body, &head).concat(), sent.as_bytes());
    }
}

#[test]
fn what_counts_of_a_list_is_what_carries_something() {
    for (body, items) in [
        (r#"{"data":[]}"#, Some(0)),
        ("{}", Some(0)),
        (
            r#"{"data":[{"url":"x"},{"url":"","b64_json":null},{"b64_json":"A"}]}"#,
            Some(2),
        ),
        (
            r#"{"data":[{"url":null,"b64_json":"A"},{"url":"x","b64_json":"A"}]}"#,
            Some(2),
        ),
        (
            r#"{"data":[{"embedding":[]},{"embedding":""},{"embedding":[1]}]}"#,
            Some(1),
        ),
        (r#"{"data":7}"#, None),
        (r#"{"data":[7]}"#, None),
        ("[]", None),
    ] {
        let facts = DataFacts::read(body.as_bytes());
        assert_eq!(facts.map(|facts| facts.items), items, "{body}");
    }
}

fn any_work() -> impl Strategy<Value = Work> {
    prop_oneof![
        (0..1_u64 << 40, 1..300_u64, 0..300_u64, 0..10_000_u64).prop_map(
            |(max_output_tokens, choices, hidden, echoed_bytes)| Work::Text {
                max_output_tokens,
                choices,
                generated: choices + hidden,
                echoed_bytes,
            }
        ),
        Just(Work::Vectors),
        (0..20_u64).prop_map(|n| Work::Images { n }),
        any::<u64>().prop_map(|measured_ms| Work::Audio { measured_ms }),
    ]
}

proptest! {
    /// The promise that a hold rests on, for every kind of work.
    #[test]
    fn no_charge_exceeds_the_worst_case(
        work in any_work(), claim in proptest::option::of((0..2_000_000_000_u64, 0..2_000_000_000_u64)),
        prompt_bytes: u64, content_bytes: u64, content_events: u64, items: u64,
    ) {
        let policy = Policy::swan_2_0();
        let metering = policy.metering();
        let claim = claim.and_then(|(prompt, answer)| ReportedUsage::new(Some(prompt), Some(answer)).ok());
        let seen = Seen { prompt_bytes, content_bytes, content_events, items, max_output_tokens: u64::MAX, ..Seen::default() };
        let charged = metering.charge_of(&work, claim.as_ref(), &seen).usage;
        let worst = metering.worst_case_of(&work, prompt_bytes);
        prop_assert!(charged.prompt_tokens <= worst.prompt_tokens);
        prop_assert!(charged.completion_tokens <= worst.completion_tokens);
        prop_assert!(charged.images <= worst.images);
        prop_assert!(charged.audio_ms <= worst.audio_ms);
    }

    #[test]
    fn vectors_survive_the_way_there_and_back(
        vectors in prop::collection::vec(prop::collection::vec(any::<f32>().prop_filter("finite", |x| x.is_finite()), 1..20), 1..5)
    ) {
        let data: Vec<_> = vectors.iter().map(|v| serde_json::json!({"embedding": v, "z": 1})).collect();
        let body = Bytes::from(serde_json::json!({"data": data}).to_string());
        let packed = with_vectors_as(&body, Encoding::Base64).unwrap();
        prop_assert_eq!(DataFacts::read(&packed).unwrap().texts, vectors.len() as u64);
        let floats = with_vectors_as(&packed, Encoding::Float).unwrap();
        let back: serde_json::Value = serde_json::from_slice(&floats).unwrap();
        for (one, vector) in back["data"].as_array().unwrap().iter().zip(&vectors) {
            let read: Vec<f32> = one["embedding"].as_array().unwrap().iter()
                .map(|x| x.to_string().parse().unwrap()).collect();
            prop_assert_eq!(read, vector.clone());
        }
        prop_assert_eq!(with_vectors_as(&packed, Encoding::Base64).unwrap(), packed);
    }

    #[test]
    fn no_bytes_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        for operation in [Operation::Completions, Operation::Embeddings, Operation::ImagesGenerations] {
            let _ = RequestHead::parse(&operation, &body);
        }
        let body = Bytes::from(body);
        let _ = DataFacts::read(&body);
        let _ = with_vectors_as(&body, Encoding::Float);
    }

    #[test]
    fn no_json_panics(value in super::json(), at in any::<prop::sample::Index>()) {
        let names = ["prompt", "input", "n", "best_of", "echo", "encoding_format", "dimensions", "size", "model", "data"];
        let body = format!(r#"{{"model":"m","{}":{value}}}"#, names[at.index(names.len())]);
        for operation in [Operation::Completions, Operation::Embeddings, Operation::ImagesGenerations] {
            let _ = RequestHead::parse(&operation, body.as_bytes());
        }
        let _ = DataFacts::read(body.as_bytes());
    }
}
