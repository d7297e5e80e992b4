//! The signature of a webhook: `Stripe-Signature: t=SECONDS,v1=HEX[,v1=HEX…]`, where each `v1` is the HMAC-SHA256 of
//! `SECONDS.BODY` by one of the webhook's secrets.

use std::time::Duration;

use data_encoding::HEXLOWER_PERMISSIVE;
use http::HeaderMap;
use ring::hmac;
use swan_core::Timestamp;

use super::super::NoticeError;

const HEADER: &str = "stripe-signature";
/// The most signatures that are compared; Stripe sends one for each secret that is in force.
const SIGNATURES_MAX: usize = 8;
const BYTES: usize = 32;

/// A header taken apart.
struct Signed {
    at_secs: u64,
    /// As it was sent, since that is what was signed.
    at: String,
    signatures: Vec<[u8; BYTES]>,
}

/// Believes a body that was signed with one of the secrets, not too far away from `now`.
pub(super) fn check(
    headers: &HeaderMap,
    body: &[u8],
    secrets: &[String],
    (now, tolerance): (Timestamp, Duration),
) -> Result<(), NoticeError> {
    let mut all = headers.get_all(HEADER).iter();
    let text = all.next().and_then(|value| value.to_str().ok());
    let signed = text.and_then(parse).filter(|_| all.next().is_none());
    let signed = signed.ok_or(NoticeError::NoSignature)?;
    let mut fits = false;
    for secret in secrets {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let mut context = hmac::Context::with_key(&key);
        context.update(signed.at.as_bytes());
        context.update(b".");
        context.update(body);
        let own = context.sign();
        for signature in &signed.signatures {
            fits |= is_same(own.as_ref(), signature);
        }
    }
    if !fits {
        return Err(NoticeError::WrongSignature);
    }
    // After the signature, so that a stranger learns nothing about the hub's clock.
    let away = (now.as_millis() / 1_000).abs_diff(signed.at_secs);
    if away > tolerance.as_secs() {
        return Err(NoticeError::OutOfTime {
            signed_at: signed.at_secs,
            tolerance_secs: tolerance.as_secs(),
        });
    }
    Ok(())
}

/// Compares without telling by its time where two signatures differ.
fn is_same(one: &[u8], other: &[u8; BYTES]) -> bool {
    let differs = one.iter().zip(other).fold(0, |sum, (a, b)| sum | (a ^ b));
    one.len() == BYTES && std::hint::black_box(differs) == 0
}

fn parse(text: &str) -> Option<Signed> {
    let (mut at, mut signatures) = (None, Vec::new());
    for part in text.split(',') {
        match part.trim().split_once('=')? {
            ("t", secs) if at.is_none() => {
                let plain = secs.len() <= 15 && secs.bytes().all(|byte| byte.is_ascii_digit());
                at = Some((secs.parse().ok().filter(|_| plain)?, secs.to_owned()));
            }
            ("t", _) => return None,
            ("v1", hex) => signatures.push(bytes(hex)?),
            // Signatures of other kinds, such as those of test events.
            _ => {}
        }
    }
    let (at_secs, at) = at?;
    (1..=SIGNATURES_MAX)
        .contains(&signatures.len())
        .then_some(Signed {
            at_secs,
            at,
            signatures,
        })
}

fn bytes(hex: &str) -> Option<[u8; BYTES]> {
    let bytes = HEXLOWER_PERMISSIVE.decode(hex.as_bytes());
    bytes.ok()?.try_into().ok()
}
