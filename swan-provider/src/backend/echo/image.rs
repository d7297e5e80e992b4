//! A square of one colour, which follows from the text alone, as a real PNG.

use super::EchoBackend;
use super::vectors::fnv;
use crate::backend::{Call, Reply};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};
use std::iter;
use std::time::{SystemTime, UNIX_EPOCH};

/// The longest side that is drawn; larger pictures are drawn so small.
const SIDE_MAX: u32 = 64;
/// The side unless asked otherwise.
const SIDE: u32 = 16;

#[derive(Deserialize)]
struct Wire {
    prompt: String,
    n: Option<u8>,
    size: Option<String>,
    response_format: Option<String>,
}

/// Answers an image request.
pub(super) fn answer(call: &Call) -> Reply {
    if call.model != EchoBackend::IMAGE {
        let message = format!("the model {} draws nothing here", call.model);
        return EchoBackend::refusal(404, "model_not_found", &message);
    }
    match images(&call.body) {
        Ok(body) => Reply::json(200, body.to_string()),
        Err(message) => EchoBackend::refusal(400, "invalid_request", &message),
    }
}

fn images(body: &[u8]) -> Result<Value, String> {
    let wire: Wire = serde_json::from_slice(body).map_err(|e| e.to_string())?;
    let n = wire.n.unwrap_or(1);
    if !(1..=10).contains(&n) {
        return Err("n: expected 1 to 10".to_owned());
    }
    let (width, height) = match &wire.size {
        None => (SIDE, SIDE),
        Some(size) => sides(size).ok_or("size: expected a text such as 1024x1024")?,
    };
    let as_data = wire.response_format.as_deref() == Some("b64_json");
    let data: Vec<Value> = (0..n)
        .map(|index| {
            let colour = wire
                .prompt
                .bytes()
                .chain([index])
                .fold(0xcbf2_9ce4_8422_2325, fnv);
            let [red, green, blue, ..] = colour.to_be_bytes();
            let png = STANDARD.encode(png(width, height, [red, green, blue]));
            match as_data {
                true => json!({"b64_json": png}),
                false => json!({"url": format!("data:image/png;base64,{png}")}),
            }
        })
        .collect();
    let created = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |now| now.as_secs());
    Ok(json!({"created": created, "data": data}))
}

fn sides(size: &str) -> Option<(u32, u32)> {
    if size == "auto" {
        return Some((SIDE, SIDE));
    }
    let (width, height) = size.split_once('x')?;
    let side = |text: &str| Some(text.parse::<u32>().ok()?.clamp(1, SIDE_MAX));
    Some((side(width)?, side(height)?))
}

/// A picture of one colour, its pixels stored as they are.
pub(super) fn png(width: u32, height: u32, colour: [u8; 3]) -> Vec<u8> {
    let pixels: Vec<u8> = (0..height)
        .flat_map(|_| {
            // Each row begins with its filter: none.
            iter::once(0).chain((0..width).flat_map(|_| colour))
        })
        .collect();
    let mut header = Vec::with_capacity(13);
    header.extend_from_slice(&width.to_be_bytes());
    header.extend_from_slice(&height.to_be_bytes());
    // Eight bits a channel, red, green and blue, and nothing else special.
    header.extend_from_slice(&[8, 2, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(*b"IHDR", &header, &mut png);
    chunk(*b"IDAT", &stored(&pixels), &mut png);
    chunk(*b"IEND", &[], &mut png);
    png
}

/// A zlib stream in one stored block; 64 rows of 64 pixels fit into it.
fn stored(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
    let mut out = vec![0x78, 0x01, 0x01];
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&(!length).to_le_bytes());
    out.extend_from_slice(data);
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in data {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    out.extend_from_slice(&((b << 16) | a).to_be_bytes());
    out
}

fn chunk(kind: [u8; 4], data: &[u8], out: &mut Vec<u8>) {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&kind);
    out.extend_from_slice(data);
    let mut sum = u32::MAX;
    for byte in kind.iter().chain(data) {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            let lowest = sum & 1;
            sum = (sum >> 1) ^ (0xedb8_8320 * lowest);
        }
    }
    out.extend_from_slice(&(!sum).to_be_bytes());
}
