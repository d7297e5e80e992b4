//! Small vectors that follow from a text alone, so that the same text is near itself and nothing else means anything.

use super::EchoBackend;
use crate::backend::{Call, Reply};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};

/// How long a vector is unless asked otherwise.
const DIMENSIONS: usize = 8;
/// How long it may be.
const MOST: usize = 4_096;

#[derive(Deserialize)]
struct Wire {
    input: Value,
    encoding_format: Option<String>,
    dimensions: Option<usize>,
}

/// Answers an embedding request.
pub(super) fn answer(call: &Call) -> Reply {
    if call.model != EchoBackend::EMBEDDING {
        let message = format!("the model {} makes no vectors here", call.model);
        return EchoBackend::refusal(404, "model_not_found", &message);
    }
    match vectors(&call.body) {
        Ok(body) => Reply::json(200, body.to_string()),
        Err(message) => EchoBackend::refusal(400, "invalid_request", &message),
    }
}

fn vectors(body: &[u8]) -> Result<Value, String> {
    let wire: Wire = serde_json::from_slice(body).map_err(|e| e.to_string())?;
    let length = wire.dimensions.unwrap_or(DIMENSIONS);
    if !(1..=MOST).contains(&length) {
        return Err(format!("dimensions: expected 1 to {MOST}"));
    }
    let inputs: Vec<String> = match wire.input {
        Value::String(text) => vec![text],
        Value::Array(all) if all.first().is_some_and(Value::is_number) => {
            vec![Value::Array(all).to_string()]
        }
        Value::Array(all) => all.iter().map(words).collect(),
        _ => return Err("input: expected a text or an array".to_owned()),
    };
    let as_base64 = wire.encoding_format.as_deref() == Some("base64");
    let data: Vec<Value> = inputs
        .iter()
        .zip(0_u64..)
        .map(|(text, index)| {
            let floats = vector(text, length);
            let embedding = if as_base64 {
                let bytes: Vec<u8> = floats
                    .iter()
                    .flat_map(|float| float.to_le_bytes())
                    .collect();
                json!(STANDARD.encode(bytes))
            } else {
                json!(floats)
            };
            json!({"object": "embedding", "index": index, "embedding": embedding})
        })
        .collect();
    let tokens: u64 = inputs
        .iter()
        .map(|text| (text.len() as u64).div_ceil(4).max(1))
        .sum();
    Ok(json!({
        "object": "list", "model": EchoBackend::EMBEDDING, "data": data,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }))
}

fn words(input: &Value) -> String {
    input
        .as_str()
        .map_or_else(|| input.to_string(), str::to_owned)
}

/// A vector of length 1.
fn vector(text: &str, length: usize) -> Vec<f32> {
    let mut state = text.bytes().fold(0xcbf2_9ce4_8422_2325, fnv);
    let mut raw = Vec::with_capacity(length);
    for _ in 0..length {
        state = fnv(state, 1);
        let [high, low, ..] = state.to_be_bytes();
        raw.push(f32::from(i16::from_be_bytes([high, low])));
    }
    let size = raw.iter().map(|x| x * x).sum::<f32>().sqrt().max(1.0);
    raw.iter().map(|x| x / size).collect()
}

/// One step of the FNV-1a hash.
pub(super) fn fnv(state: u64, byte: u8) -> u64 {
    (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
}
