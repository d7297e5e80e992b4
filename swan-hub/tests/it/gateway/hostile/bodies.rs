//! Bodies that try the parser, for every operation that takes JSON.

use std::time::{Duration, Instant};

use super::super::{Market, within};
use super::left_nothing;

/// The paths, each with a model of its kind and the member that it cannot do without.
const OPERATIONS: [(&str, &str, &str); 6] = [
    (
        "/v1/chat/completions",
        "Qwen/Qwen3-8B",
        r#""messages":[{"role":"user","content":"hi"}]"#,
    ),
    ("/v1/completions", "Qwen/Qwen3-8B", r#""prompt":"hi""#),
    ("/v1/embeddings", "bge-large", r#""input":"hi""#),
    ("/v1/images/generations", "sdxl", r#""prompt":"hi""#),
    (
        "/v1/quote",
        "Qwen/Qwen3-8B",
        r#""messages":[{"role":"user","content":"hi"}]"#,
    ),
    (
        "/v1/quote?operation=embeddings",
        "bge-large",
        r#""input":"hi""#,
    ),
];

/// Members that no operation takes.
fn refused() -> Vec<String> {
    let deep = |depth: usize| format!(r#""x":{}{}"#, "[".repeat(depth), "]".repeat(depth));
    let objects = format!(r#""x":{}1{}"#, r#"{"a":"#.repeat(200), "}".repeat(200));
    let mut rows: Vec<String> = [
        r#""model":"twice""#,
        r#""mod\u0065l":"twice, spelled otherwise""#,
        r#""x":NaN"#,
        r#""x":Infinity"#,
        r#""x":01"#,
        r#""x":1."#,
        r#""x":0x10"#,
        r#""x":'a'"#,
        r#""x":"\x""#,
        r#""x":tru"#,
        r#""x":1,"#,
        "\"x\":\"a\nb\"",
        "\"x\":\"a\0b\"",
        "\"x\":1} {\"y\":2",
        "\"x\":/* no */1",
        r#""payment":"EUR""#,
        r#""payment":7"#,
        r#""models":"text""#,
        r#""models":[7]"#,
        r#""models":[""]"#,
        r#""provider":[]"#,
        r#""provider":{"order":7}"#,
        r#""provider":{"order":[7]}"#,
        r#""provider":{"max_price":{"prompt":"NaN"}}"#,
        r#""provider":{"max_price":{"prompt":-1}}"#,
        r#""provider":{"max_price":{"prompt":1e999}}"#,
        r#""provider":{"sort":"random"}"#,
        r#""provider":{"allow_fallbacks":"yes"}"#,
        r#""provider":{"data_collection":"maybe"}"#,
    ]
    .iter()
    .map(ToString::to_string)
    .collect();
    rows.extend([deep(129), deep(100_000), deep(3_000_000), objects]);
    let many = |text: &str| format!("[{}]", vec![text; 10_000].join(","));
    rows.push(format!(r#""models":{}"#, many("\"a\"")));
    rows.push(format!(r#""provider":{{"order":{}}}"#, many("\"a\"")));
    rows
}

/// Numbers that no count is.
const NUMBERS: [&str; 9] = [
    "-1",
    "1e999",
    "-1e999",
    "1.5",
    "18446744073709551616",
    "340282366920938463463374607431768211456",
    "\"4\"",
    "true",
    "[1]",
];

#[tokio::test]
async fn no_operation_takes_what_is_malformed() {
    let market = Market::start().await;
    for (path, model, must) in OPERATIONS {
        for row in refused() {
            let body = format!(r#"{{"model":"{model}",{must},{row}}}"#);
            let shown: String = row.chars().take(60).collect();
            let answer = market.post(path, body).send().await;
            assert_eq!(answer.status, 400, "{path} {shown}: {}", answer.text());
            assert!(!answer.error_code().is_empty());
            assert!(answer.body.len() < 2_000, "{path} {shown}");
        }
        let limited = match path {
            "/v1/embeddings" | "/v1/quote?operation=embeddings" => "",
            "/v1/images/generations" => "n",
            _ => "max_tokens n",
        };
        for (member, number) in limited
            .split_whitespace()
            .flat_map(|member| NUMBERS.map(|number| (member, number)))
        {
            let body = format!(r#"{{"model":"{model}",{must},"{member}":{number}}}"#);
            let answer = market.post(path, body).send().await;
            assert_eq!(
                answer.status,
                400,
                "{path} {member} {number}: {}",
                answer.text()
            );
            assert_eq!(answer.json()["error"]["param"], member, "{path} {number}");
        }
        for body in [
            &b"\xef\xbb\xbf{}"[..],
            b"\xff\xfe{\x00}\x00",
            b"{\"model\":\"\xc0\x80\"}",
            b"\0",
            b"{\"a\":\xff}",
        ] {
            let answer = market.post(path, "").body(body).send().await;
            assert_eq!(answer.status, 400, "{path} {body:?}: {}", answer.text());
        }
    }
    left_nothing(&market).await;
}

#[tokio::test]
async fn what_is_only_large_is_looked_at_in_good_time() {
    let market = Market::start().await;
    let message = r#"{"role":"user","content":"a"}"#;
    let messages = format!(r#""messages":[{}]"#, vec![message; 100_000].join(","));
    let members: Vec<_> = (0..100_000).map(|n| format!("\"m{n}\":0")).collect();
    let hi = r#""messages":[{"role":"user","content":"hi"}]"#;
    let part = r#"{"type":"text","text":"a"}"#;
    let parts = format!(
        r#""messages":[{{"role":"user","content":[{}]}}]"#,
        vec![part; 100_000].join(",")
    );
    let inputs = format!(r#""input":[{}]"#, vec!["\"a\""; 100_000].join(","));
    let tokens = format!(r#""input":[{}]"#, vec!["1"; 500_000].join(","));
    let key = "k".repeat(5_000_000);
    let images = format!(
        r#""messages":[{{"role":"user","content":"{}"}}]"#,
        ";base64,".repeat(500_000)
    );
    for (path, model, members) in [
        ("/v1/chat/completions", "Qwen/Qwen3-8B", messages),
        (
            "/v1/chat/completions",
            "Qwen/Qwen3-8B",
            format!("{hi},{}", members.join(",")),
        ),
        ("/v1/chat/completions", "Qwen/Qwen3-8B", parts),
        (
            "/v1/chat/completions",
            "Qwen/Qwen3-8B",
            format!(r#"{hi},"session_id":"{key}""#),
        ),
        (
            "/v1/chat/completions",
            "Qwen/Qwen3-8B",
            format!(r#"{hi},"prompt_cache_key":"{key}""#),
        ),
        (
            "/v1/chat/completions",
            "Qwen/Qwen3-8B",
            format!(r#"{hi},"{key}":1"#),
        ),
        ("/v1/chat/completions", "Qwen/Qwen3-8B", images),
        ("/v1/embeddings", "bge-large", inputs),
        ("/v1/embeddings", "bge-large", tokens),
    ] {
        let shown: String = members.chars().take(60).collect();
        let begun = Instant::now();
        let body = format!(r#"{{"model":"{model}",{members}}}"#);
        let answer = within(market.post(path, body).send()).await;
        assert!(
            [400, 402, 413, 503].contains(&answer.status),
            "{path} {shown}: {}",
            answer.text()
        );
        assert!(!answer.error_code().is_empty());
        // Generous: a machine that builds something else at the same time is slow.
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "{path} {shown}: {:?}",
            begun.elapsed()
        );
    }
    left_nothing(&market).await;
}
