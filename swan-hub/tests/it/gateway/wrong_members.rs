//! Members that are wrong, operation by operation: each is named, and nobody is asked.

use swan_core::Amount;

use super::operations::{EMBEDDING, IMAGE};
use super::{MODEL, Market};

/// The members of a body besides `model`, and the one that is wrong.
type Row = (String, &'static str);

/// One text more than a batch may have.
fn too_many() -> String {
    format!("[{}]", vec!["\"x\""; 2_049].join(","))
}

fn texts() -> Vec<Row> {
    let rows = [
        (r#""n":1"#, "prompt"),
        (r#""prompt":7"#, "prompt"),
        (r#""prompt":[]"#, "prompt"),
        (r#""prompt":["a",1]"#, "prompt"),
        (r#""prompt":[[1],"a"]"#, "prompt"),
        (r#""prompt":[-1]"#, "prompt"),
        (r#""prompt":"a","prompt":"b""#, "prompt"),
        (r#""prompt":"a","max_tokens":-1"#, "max_tokens"),
        (r#""prompt":"a","n":0"#, "n"),
        (r#""prompt":"a","n":3,"best_of":2"#, "best_of"),
        (r#""prompt":"a","best_of":2,"stream":true"#, "best_of"),
        (r#""prompt":"a","best_of":129"#, "best_of"),
        (r#""prompt":"a","echo":"yes""#, "echo"),
    ];
    let rows = rows.map(|(members, wrong)| (members.to_owned(), wrong));
    let long = format!(r#""prompt":{}"#, too_many());
    rows.into_iter().chain([(long, "prompt")]).collect()
}

fn vectors() -> Vec<Row> {
    let rows = [
        (r#""n":1"#, "input"),
        (r#""input":"""#, "input"),
        (r#""input":["a",""]"#, "input"),
        (r#""input":[[1],[]]"#, "input"),
        (r#""input":[[["a"]]]"#, "input"),
        (r#""input":{"text":"a"}"#, "input"),
        (r#""input":null"#, "input"),
        (r#""input":"a","encoding_format":"hex""#, "encoding_format"),
        (r#""input":"a","encoding_format":7"#, "encoding_format"),
        (r#""input":"a","dimensions":0"#, "dimensions"),
        (r#""input":"a","dimensions":1.5"#, "dimensions"),
        (r#""input":"a","stream":true"#, "stream"),
        (r#""input":"a","input":"b""#, "input"),
    ];
    let rows = rows.map(|(members, wrong)| (members.to_owned(), wrong));
    let long = format!(r#""input":{}"#, too_many());
    rows.into_iter().chain([(long, "input")]).collect()
}

fn images() -> Vec<Row> {
    let rows = [
        (r#""n":1"#, "prompt"),
        (r#""prompt":"""#, "prompt"),
        (r#""prompt":["a"]"#, "prompt"),
        (r#""prompt":"a","n":11"#, "n"),
        (r#""prompt":"a","n":"2""#, "n"),
        (r#""prompt":"a","n":1,"n":2"#, "n"),
        (r#""prompt":"a","size":7"#, "size"),
        (r#""prompt":"a","response_format":"png""#, "response_format"),
        (r#""prompt":"a","stream":true"#, "stream"),
    ];
    let rows = rows.map(|(members, wrong)| (members.to_owned(), wrong));
    rows.into()
}

#[tokio::test]
async fn each_wrong_member_is_named_and_nobody_is_asked() {
    let market = Market::start().await;
    for (path, model, rows) in [
        ("completions", MODEL, texts()),
        ("embeddings", EMBEDDING, vectors()),
        ("images/generations", IMAGE, images()),
    ] {
        for (members, param) in rows {
            let body = format!(r#"{{"model":"{model}",{members}}}"#);
            let answer = market.post(&format!("/v1/{path}"), body).send().await;
            let shown: String = members.chars().take(60).collect();
            assert_eq!(answer.status, 400, "{path} {shown}: {}", answer.text());
            answer.error_code();
            assert_eq!(answer.json()["error"]["param"], param, "{path} {shown}");
        }
    }
    assert_eq!(market.spent("5"), Amount::ZERO);
}
