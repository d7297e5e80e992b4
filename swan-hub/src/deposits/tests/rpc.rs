//! The JSON-RPC client against servers that hang, flood and talk nonsense.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::super::rpc::{Rpc, RpcError};
use super::super::{Address, Block, ChainNode as _, Hash, LogQuery, NodeError};

const SECRET: &str = "/v3/0123456789abcdef-hush";

/// Whether an error is of a kind.
type Kind = fn(&NodeError) -> bool;

/// A node that answers every call with this, or never.
async fn node(answer: Option<Vec<u8>>) -> Rpc {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}{SECRET}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut asked = [0; 4_096];
                let _ = socket.read(&mut asked).await;
                match answer {
                    Some(answer) => {
                        let _ = socket.write_all(&answer).await;
                    }
                    None => std::future::pending().await,
                }
            });
        }
    });
    Rpc::new(&url, Duration::from_millis(500)).unwrap()
}

fn http(status: &str, body: &str) -> Option<Vec<u8>> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    Some(format!("{head}{body}").into_bytes())
}

fn result(json: &str) -> Option<Vec<u8>> {
    http(
        "200 OK",
        &format!(r#"{{"jsonrpc":"2.0","id":1,"result":{json}}}"#),
    )
}

fn query() -> LogQuery {
    LogQuery {
        addresses: vec![Address::new([1; 20])],
        topics: vec![Some(Hash::new([2; 32])), None],
        from: 5,
        upto: 9,
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_an_error_by_its_kind() {
    let away: Kind = |error| matches!(error, NodeError::Away { .. });
    let malformed: Kind = |error| matches!(error, NodeError::Malformed { .. });
    let refused: Kind = |error| matches!(error, NodeError::Refused { .. });
    let failure = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"no /v3/0123456789abcdef-hush"}}"#;
    let flood = format!("\"{}\"", "a".repeat(9 << 20));
    let much: Kind = |error| matches!(error, NodeError::TooMuch { .. });
    let cases: [(Option<Vec<u8>>, Kind); 12] = [
        (None, away),
        (Some(Vec::new()), away),
        (http("502 Bad Gateway", "<html>"), away),
        (http("429 Too Many Requests", failure), away),
        (http("413 Payload Too Large", ""), much),
        (http("200 OK", "<html>"), malformed),
        (http("200 OK", failure), refused),
        (result("{}"), malformed),
        (result("254"), malformed),
        (result("\"fe\""), malformed),
        (result("\"0xffffffffffffffff\""), malformed),
        (result(&flood), much),
    ];
    for (number, (answer, is_kind)) in cases.into_iter().enumerate() {
        let node = node(answer).await;
        let error = node.chain().await.unwrap_err();
        assert!(is_kind(&error), "case {number}: {error:?}");
        for text in [error.to_string(), format!("{node:?}"), node.name().into()] {
            assert!(!text.contains("hush"), "case {number}: {text}");
        }
    }
    // Whatever a node says against a range, fewer blocks are asked for.
    let error = node(http("200 OK", failure)).await.logs(&query()).await;
    assert!(much(&error.unwrap_err()));
}

#[tokio::test]
async fn blocks_and_lines_are_read_as_chains_write_them() {
    assert_eq!(node(result("\"0xfe\"")).await.chain().await, Ok(254));
    assert_eq!(node(result("null")).await.block(7).await, Ok(None));
    let hash = Hash::new([0xab; 32]);
    // Whatever else a chain puts into a header is not looked at.
    let header =
        format!(r#"{{"number":"0x7","hash":"{hash}","transactions":[{{"type":"0x7e"}}]}}"#);
    let block = Block { number: 7, hash };
    assert_eq!(node(result(&header)).await.block(7).await, Ok(Some(block)));
    let line = |removed: bool, data: &str| {
        let (address, topic) = (Address::new([1; 20]), Hash::new([2; 32]));
        let at = format!(
            r#""blockNumber":"0x7","blockHash":"{hash}","transactionHash":"{hash}","logIndex":"0x3""#
        );
        format!(
            r#"[{{"address":"{address}","topics":["{topic}"],"data":"{data}",{at},"removed":{removed}}}]"#
        )
    };
    let lines = node(result(&line(false, "0x0102")))
        .await
        .logs(&query())
        .await;
    let lines = lines.unwrap();
    assert_eq!((lines[0].block, lines[0].index), (block, 3));
    assert_eq!(lines[0].data, [1, 2]);
    for odd in [line(true, "0x"), line(false, "0x1"), line(false, "1234")] {
        assert!(
            node(result(&odd)).await.logs(&query()).await.is_err(),
            "{odd}"
        );
    }
}

#[tokio::test]
async fn a_url_is_https_or_of_ones_own_network() {
    for (url, is_good) in [
        ("https://rpc.example.com/key", true),
        ("http://127.0.0.1:8545", true),
        ("http://geth:8545", true),
        ("http://rpc.example.com", false),
        ("https://user:word@rpc.example.com", false),
        ("ws://127.0.0.1:8545", false),
        ("rpc.example.com", false),
        ("", false),
    ] {
        let node = Rpc::new(url, Duration::from_secs(1));
        match node {
            Err(RpcError::Certificates { .. }) => assert!(is_good, "{url}"),
            node => assert_eq!(node.is_ok(), is_good, "{url}"),
        }
    }
}
