//! What the echo's other models answer: vectors, pictures and words about recordings.

use super::EchoBackend;
use super::image::png;
use crate::backend::{Backend, BackendError, Call};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use swan_core::protocol::Operation;

async fn ask(call: Call) -> (u16, String, String) {
    let reply = EchoBackend::of_every_kind().execute(call).await.unwrap();
    let (status, kind) = (reply.status, reply.content_type.clone().unwrap());
    let (body, _) = reply.read(16 << 20).await.unwrap();
    (status, kind, String::from_utf8(body.to_vec()).unwrap())
}

async fn embed(body: Value) -> (u16, Value) {
    let call = Call::new(
        Operation::Embeddings,
        EchoBackend::EMBEDDING,
        body.to_string(),
    );
    let (status, _, answer) = ask(call).await;
    (status, serde_json::from_str(&answer).unwrap())
}

async fn draw(body: Value) -> (u16, Value) {
    let call = Call::new(
        Operation::ImagesGenerations,
        EchoBackend::IMAGE,
        body.to_string(),
    );
    let (status, _, answer) = ask(call).await;
    (status, serde_json::from_str(&answer).unwrap())
}

fn floats(vector: &Value) -> Vec<f32> {
    serde_json::from_value(vector.clone()).unwrap()
}

#[tokio::test]
async fn a_vector_follows_from_its_text_alone_and_has_the_length_one() {
    let (status, answer) = embed(json!({"input": ["one", "two", "one"]})).await;
    assert_eq!(status, 200);
    let vectors: Vec<_> = (0..3)
        .map(|i| floats(&answer["data"][i]["embedding"]))
        .collect();
    assert_eq!(vectors[0], vectors[2]);
    assert_ne!(vectors[0], vectors[1]);
    for vector in &vectors {
        let square: f32 = vector.iter().map(|x| x * x).sum();
        assert!(
            vector.len() == 8 && (square - 1.0).abs() < 1e-5,
            "{vector:?}"
        );
    }
    assert_eq!(answer["data"][2]["index"], 2);
    assert_eq!(
        answer["usage"],
        json!({"prompt_tokens": 3, "total_tokens": 3})
    );
}

#[tokio::test]
async fn vectors_are_the_same_in_base64_and_as_long_as_was_asked() {
    let (_, plain) = embed(json!({"input": "a swan", "dimensions": 300})).await;
    let body = json!({"input": "a swan", "dimensions": 300, "encoding_format": "base64"});
    let (_, packed) = embed(body).await;
    let packed = packed["data"][0]["embedding"].as_str().unwrap().to_owned();
    let bytes = STANDARD.decode(packed).unwrap();
    let (words, rest) = bytes.as_chunks::<4>();
    let unpacked: Vec<f32> = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
    assert!(rest.is_empty() && unpacked.len() == 300);
    assert_eq!(floats(&plain["data"][0]["embedding"]), unpacked);
}

#[tokio::test]
async fn token_numbers_are_one_text_and_wrong_inputs_are_refused() {
    for (input, count) in [
        (json!([1, 2, 3]), 1),
        (json!([[1, 2], [3]]), 2),
        (json!("x"), 1),
    ] {
        let (_, answer) = embed(json!({"input": input})).await;
        assert_eq!(answer["data"].as_array().unwrap().len(), count, "{input}");
    }
    for (body, named) in [
        (json!({}), "input"),
        (json!({"input": 7}), "input"),
        (json!({"input": "x", "dimensions": 0}), "dimensions"),
        (json!({"input": "x", "dimensions": 4_097}), "dimensions"),
    ] {
        let (status, answer) = embed(body).await;
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(status == 400 && message.contains(named), "{answer}");
    }
}

/// One chunk of a PNG: what it is, and what it holds; its checksum must be right.
fn chunks(png: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut rest = png.strip_prefix(b"\x89PNG\r\n\x1a\n").unwrap();
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk::<4>().unwrap();
        let (checked, after) = after.split_at(4 + u32::from_be_bytes(*length) as usize);
        let (sum, after) = after.split_first_chunk::<4>().unwrap();
        assert_eq!(u32::from_be_bytes(*sum), crc(checked));
        let (kind, content) = checked.split_at(4);
        found.push((String::from_utf8(kind.to_vec()).unwrap(), content.to_vec()));
        rest = after;
    }
    found
}

/// The checksum as RFC 2083 defines it, from a table rather than bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    let table: Vec<u32> = (0..256)
        .map(|n| {
            (0..8).fold(n, |c: u32, _| {
                if c & 1 == 1 {
                    0xedb8_8320 ^ (c >> 1)
                } else {
                    c >> 1
                }
            })
        })
        .collect();
    let sum = bytes.iter().fold(u32::MAX, |c, byte| {
        table[((c ^ u32::from(*byte)) & 0xff) as usize] ^ (c >> 8)
    });
    !sum
}

#[test]
fn a_picture_is_a_png_of_one_colour_with_right_checksums() {
    for (width, height) in [(1_u32, 1_u32), (16, 16), (64, 3), (64, 64)] {
        let chunks = chunks(&png(width, height, [1, 2, 250]));
        let kinds: Vec<_> = chunks.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(kinds, ["IHDR", "IDAT", "IEND"]);
        let header = &chunks[0].1;
        assert_eq!(header[..4], width.to_be_bytes());
        assert_eq!(header[4..8], height.to_be_bytes());
        // A zlib stream of one stored block: two bytes of header, five of block, four of checksum.
        let data = &chunks[1].1;
        let pixels = &data[7..data.len() - 4];
        let row = [vec![0], [1, 2, 250].repeat(width as usize)].concat();
        assert_eq!(pixels, row.repeat(height as usize));
        assert_eq!(data[..3], [0x78, 0x01, 0x01]);
        let length = u16::from_le_bytes([data[3], data[4]]);
        assert_eq!(usize::from(length), pixels.len());
        assert_eq!(u16::from_le_bytes([data[5], data[6]]), !length);
        let (a, b) = pixels.iter().fold((1_u32, 0_u32), |(a, b), byte| {
            let a = (a + u32::from(*byte)) % 65_521;
            (a, (b + a) % 65_521)
        });
        assert_eq!(data[data.len() - 4..], (b * 65_536 + a).to_be_bytes());
    }
}

#[tokio::test]
async fn pictures_come_as_data_or_as_a_url_that_holds_them() {
    let body =
        |form: &str| json!({"prompt": "a swan", "n": 2, "size": "8x4", "response_format": form});
    let (_, data) = draw(body("b64_json")).await;
    let (_, urls) = draw(body("url")).await;
    for place in 0..2 {
        let packed = data["data"][place]["b64_json"].as_str().unwrap();
        let url = urls["data"][place]["url"].as_str().unwrap();
        assert_eq!(url, format!("data:image/png;base64,{packed}"));
        assert!(STANDARD.decode(packed).unwrap().starts_with(b"\x89PNG"));
    }
    assert_ne!(
        data["data"][0], data["data"][1],
        "each picture is another one"
    );
    for (body, named) in [
        (json!({"n": 1}), "prompt"),
        (json!({"prompt": "x", "n": 11}), "n:"),
        (json!({"prompt": "x", "size": "large"}), "size"),
    ] {
        let (status, answer) = draw(body).await;
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(status == 400 && message.contains(named), "{answer}");
    }
}

fn recording(model: &str, format: &str) -> Call {
    let body = format!(
        "--x\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n{model}\r\n\
         --x\r\nContent-Disposition: form-data; name=\"response_format\"\r\n\r\n{format}\r\n\
         --x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\nRIFF....\r\n--x--\r\n"
    );
    Call::new(Operation::AudioTranscriptions, model, body)
        .with_content_type(Some("multipart/form-data; boundary=x".to_owned()))
}

#[tokio::test]
async fn of_a_recording_its_length_is_told_in_each_format() {
    let text = "A recording of 8 bytes.";
    for (format, kind, opening) in [
        ("json", "application/json", "{\"text\":"),
        ("verbose_json", "application/json", "{\"duration\":1.0,"),
        ("text", "text/plain; charset=utf-8", text),
        (
            "srt",
            "text/plain; charset=utf-8",
            "1\n00:00:00,000 --> 00:00:01,000\n",
        ),
        (
            "vtt",
            "text/vtt; charset=utf-8",
            "WEBVTT\n\n00:00:00.000 --> ",
        ),
    ] {
        let (status, found, answer) = ask(recording(EchoBackend::AUDIO, format)).await;
        assert_eq!((status, &*found), (200, kind), "{format}: {answer}");
        assert!(
            answer.starts_with(opening) && answer.contains(text),
            "{format}: {answer}"
        );
    }
    let (status, _, answer) = ask(recording(EchoBackend::AUDIO, "docx")).await;
    assert!(
        status == 400 && answer.contains("response_format"),
        "{answer}"
    );
    let (status, ..) = ask(recording("another", "json")).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn an_echo_of_chats_alone_does_nothing_else() {
    for operation in [
        Operation::Embeddings,
        Operation::ImagesGenerations,
        Operation::AudioTranscriptions,
    ] {
        let call = Call::new(operation, EchoBackend::MODEL, "{}");
        let refused = EchoBackend::new().execute(call).await;
        assert!(matches!(refused, Err(BackendError::Unsupported { .. })));
    }
}
