//! What is no HTTP, and HTTP that two readers would read in two ways.

use swan_core::Amount;

use super::super::provider::reply;
use super::super::{Market, ask, completion};
use super::{exchange, left_nothing, status};

/// A request whose head has these lines after its key.
fn head(market: &Market, lines: &str) -> String {
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n{lines}",
        market.key
    )
}

/// The rest of requests whose length can be read in two ways, or in none.
fn lengths(body: &str) -> Vec<(String, u16)> {
    let length = body.len();
    vec![
        (
            format!("content-length: {length}\r\ncontent-length: 1\r\n\r\n{body}"),
            400,
        ),
        (format!("content-length: {length}, 1\r\n\r\n{body}"), 400),
        (format!("content-length: +{length}\r\n\r\n{body}"), 400),
        ("content-length: -1\r\n\r\n".to_owned(), 400),
        (
            "content-length: 18446744073709551616\r\n\r\n".to_owned(),
            400,
        ),
        ("content-length: 0x10\r\n\r\n".to_owned(), 400),
        (
            "transfer-encoding: xchunked\r\n\r\n0\r\n\r\n".to_owned(),
            400,
        ),
        (
            "transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n".to_owned(),
            400,
        ),
        (
            "transfer-encoding : chunked\r\n\r\n0\r\n\r\n".to_owned(),
            400,
        ),
        (
            "transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n".to_owned(),
            400,
        ),
        ("transfer-encoding: chunked\r\n\r\n-1\r\n".to_owned(), 400),
        ("transfer-encoding: chunked\r\n\r\n5\r\n{}".to_owned(), 400),
    ]
}

/// Lines of a head that say two things, or too much.
fn lines() -> Vec<(String, u16)> {
    vec![
        ("x: a\r\n b\r\n".to_owned(), 400),
        ("x: \0\r\n".to_owned(), 400),
        ("authorization: Bearer x\r\n".to_owned(), 401),
        (
            "idempotency-key: a\r\nidempotency-key: b\r\n".to_owned(),
            400,
        ),
        (
            "content-encoding: identity\r\ncontent-encoding: gzip\r\n".to_owned(),
            415,
        ),
        (
            "content-type: application/json\r\ncontent-type: text/plain\r\n".to_owned(),
            415,
        ),
        (
            "x-swan-provider: a\r\nx-swan-provider: b\r\n".to_owned(),
            400,
        ),
        (
            "x-swan-hang-up: finish\r\nx-swan-hang-up: cancel\r\nidempotency-key: k\r\n".to_owned(),
            400,
        ),
        (format!("cookie: {}\r\n", "c".repeat(1 << 20)), 431),
        ("x: y\r\n".repeat(500), 431),
    ]
}

#[tokio::test]
async fn a_head_that_could_be_read_in_two_ways_is_refused() {
    let market = Market::start().await;
    let body = ask("");
    let length = body.len();
    let before = |(lines, refused)| {
        (
            format!("{lines}content-length: {length}\r\n\r\n{body}"),
            refused,
        )
    };
    let doubled = lines().into_iter().map(before);
    for (lines, refused) in lengths(&body).into_iter().chain(doubled) {
        let answer = exchange(&market, head(&market, &lines).as_bytes()).await;
        let shown: String = lines.chars().take(60).collect();
        let shown_answer: String = answer.chars().take(200).collect();
        assert_eq!(status(&answer), refused, "{shown:?}: {shown_answer}");
        // Nothing of the request comes back in the head of the answer.
        assert!(!answer.contains(&market.key), "{shown:?}");
    }
    left_nothing(&market).await;
}

#[tokio::test]
async fn a_length_beside_chunks_smuggles_no_second_request() {
    let market = Market::start().await;
    let smuggled = "GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n";
    let lines =
        format!("content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}");
    let answer = exchange(&market, head(&market, &lines).as_bytes()).await;
    let answers = answer.matches("HTTP/1.1 ").count();
    let listed = answer.contains("\"object\":\"list\"");
    assert!(!listed, "{answers} answers: {answer}");
    left_nothing(&market).await;
}

#[tokio::test]
async fn other_versions_methods_and_paths_are_answered_in_the_one_shape_or_not_at_all() {
    let market = Market::start().await;
    let key = &market.key;
    for (line, expected) in [
        ("PRI * HTTP/2.0", 0),
        ("GET / HTTP/3.0", 0),
        ("GET /v1/models HTTP/0.9", 0),
        ("CONNECT example.org:443 HTTP/1.1", 404),
        ("TRACE /v1/models HTTP/1.1", 405),
        ("post /v1/chat/completions HTTP/1.1", 405),
        ("POST //v1/chat/completions HTTP/1.1", 404),
        ("POST /v1//chat/completions HTTP/1.1", 404),
        ("POST /v1/chat/completions/ HTTP/1.1", 404),
        ("POST /v1/../v1/chat/completions HTTP/1.1", 404),
        ("POST /v1/%2e%2e/v1/chat/completions HTTP/1.1", 404),
        ("POST /v1/chat%2fcompletions HTTP/1.1", 404),
        ("POST /v1/chat/completions%00 HTTP/1.1", 404),
        ("POST /V1/chat/completions HTTP/1.1", 404),
        ("GET /api/v1/../../v1/models HTTP/1.1", 404),
        ("GET /v1/models/..%2f..%2fhealthz HTTP/1.1", 404),
        ("GET /v1/models/%0d%0aset-cookie:x HTTP/1.1", 404),
        ("OPTIONS * HTTP/1.1", 204),
    ] {
        let request = format!(
            "{line}\r\nhost: x\r\nauthorization: Bearer {key}\r\ncontent-length: 2\r\n\r\n{{}}"
        );
        let answer = exchange(&market, request.as_bytes()).await;
        let status = status(&answer);
        match expected {
            0 => assert!([0, 400, 505].contains(&status), "{line}: {answer}"),
            expected => assert_eq!(status, expected, "{line}: {answer}"),
        }
        // A method that sends requests back would show keys to scripts.
        assert!(!answer.contains(key.as_str()), "{line}: {answer}");
        assert!(!answer.to_lowercase().contains("\r\nset-cookie"), "{line}");
        if status == 404 || status == 405 {
            assert!(
                answer.contains("\"error\":{\"message\":"),
                "{line}: {answer}"
            );
        }
    }
    let long = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(200_000));
    let answer = exchange(&market, long.as_bytes()).await;
    assert!([414, 431].contains(&status(&answer)), "{answer}");
    left_nothing(&market).await;
}

#[tokio::test]
async fn requests_in_one_packet_are_answered_in_order_and_a_refused_body_is_no_request() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let body = ask("");
    let length = body.len();
    let hidden = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n\r\n";
    let good = head(&market, &format!("content-length: {length}\r\n\r\n{body}"));
    // What stands in the body of a request that is refused before it is read stays a body.
    let refused = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer nobody\r\ncontent-length: {}\r\n\r\n{hidden}",
        hidden.len()
    );
    let absolute = good.replace("POST /v1", "POST http://elsewhere.example/v1");
    let old = good.replace("HTTP/1.1", "HTTP/1.0");
    let packet = [good, refused, absolute, old].concat();
    let serving = tokio::spawn(async move {
        for _ in 0..3 {
            provider.serve(reply(completion("hello", 7, 2))).await;
        }
        provider
    });
    // The end of what is sent must not end what is under way.
    let mut socket = tokio::net::TcpStream::connect(market.address)
        .await
        .unwrap();
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    socket.write_all(packet.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    super::within(socket.read_to_end(&mut answer))
        .await
        .unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let statuses: Vec<_> = answer
        .match_indices("HTTP/1.")
        .map(|(at, _)| status(answer.get(at..).unwrap()))
        .collect();
    assert_eq!(statuses, [200, 401, 200, 200], "{answer}");
    serving.await.unwrap();
    market.settled().await;
    let one = market.price(7, 2);
    assert_eq!(market.spent("5").pico(), one.pico() * 3);
    assert!(one > Amount::ZERO);
}
