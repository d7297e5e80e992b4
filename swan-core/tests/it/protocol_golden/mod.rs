//! Golden transcripts of whole conversations, replayed against one end at a time.
//!
//! A transcript is a text file, one step a line: `P` and `H` are messages of the provider and of the hub, `hub` and `provider`
//! are what an application does at that end or learns there, `wait` lets milliseconds pass. Replayed against the hub, `P` lines
//! go in, and `H` lines and `hub event` lines must come out, each in their order and nothing else; against the provider, the
//! other way round. Text is compared as JSON, binary byte by byte (`bin HEADER text|json|hex PAYLOAD`).

mod hub_end;
mod provider_end;

use std::collections::VecDeque;

use bytes::Bytes;
use swan_core::protocol::{Dialect, Frame, Transmit};

/// One end of a conversation, driven line by line.
trait End {
    /// `hub` or `provider`.
    const NAME: &'static str;
    /// The letter of this end's messages.
    const LETTER: char;
    fn receive(&mut self, frame: Frame);
    fn act(&mut self, what: &str) -> Option<String>;
    fn wait(&mut self, millis: u64);
    fn transmit(&mut self) -> Option<Transmit>;
    fn event(&mut self) -> Option<String>;
}

/// Replays a transcript against one end.
fn replay<E: End>(mut end: E, transcript: &str) {
    let mut sent: VecDeque<String> = VecDeque::new();
    let mut events: VecDeque<String> = VecDeque::new();
    for (number, line) in transcript.lines().enumerate() {
        let number = number + 1;
        let line = line.trim_end();
        let Some((word, rest)) = line.split_once(' ').filter(|_| !line.starts_with('#')) else {
            continue;
        };
        if word.len() == 1 && word.starts_with(E::LETTER) {
            let got = sent.pop_front();
            assert_eq!(
                got.as_deref(),
                Some(canonical(rest).as_str()),
                "line {number}"
            );
            continue;
        }
        if word == E::NAME && rest.starts_with("event ") {
            let expected = rest.strip_prefix("event ").unwrap();
            assert_eq!(
                events.pop_front().as_deref(),
                Some(expected),
                "line {number}"
            );
            continue;
        }
        let is_input = matches!(word, "P" | "H" | "wait") || word == E::NAME;
        if is_input {
            assert_eq!(
                sent, [""; 0],
                "sent, and not in the transcript before line {number}"
            );
            assert_eq!(
                events, [""; 0],
                "happened, and not in the transcript before line {number}"
            );
        }
        match word {
            "P" | "H" => end.receive(parse(rest)),
            "wait" => end.wait(rest.parse().unwrap()),
            _ if word == E::NAME => {
                let what = rest
                    .strip_prefix("do ")
                    .unwrap_or_else(|| panic!("line {number}: {rest}"));
                events.extend(end.act(what));
            }
            _ => {}
        }
        while let Some(event) = end.event() {
            events.push_back(event);
        }
        while let Some(transmit) = end.transmit() {
            sent.push_back(describe(&transmit));
        }
        while let Some(event) = end.event() {
            events.push_back(event);
        }
    }
    assert_eq!(sent, [""; 0], "sent, and not in the transcript");
    assert_eq!(events, [""; 0], "happened, and not in the transcript");
}

/// The form of a message in a transcript that can be compared.
fn canonical(message: &str) -> String {
    match serde_json::from_str::<serde_json::Value>(message) {
        Ok(value) => value.to_string(),
        Err(_) => message.to_owned(),
    }
}

fn describe(transmit: &Transmit) -> String {
    match transmit {
        Transmit::Frame(Frame::Text(text)) => canonical(std::str::from_utf8(text).unwrap()),
        Transmit::Frame(Frame::Binary(bytes)) => {
            let header: String = bytes[..8]
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            let payload = &bytes[8..];
            match std::str::from_utf8(payload)
                .ok()
                .filter(|text| !text.contains('\0'))
            {
                // An escape within JSON is no line end.
                Some(text) if text.contains("\\n") => format!("bin {header} json {text}"),
                Some(text) => format!("bin {header} text {}", text.replace('\n', "\\n")),
                None => {
                    let hex: String = payload.iter().map(|byte| format!("{byte:02x}")).collect();
                    format!("bin {header} hex {hex}")
                }
            }
        }
        Transmit::Close { code, reason } => format!("close {code} {reason}"),
    }
}

fn parse(message: &str) -> Frame {
    let Some(binary) = message.strip_prefix("bin ") else {
        return Frame::Text(Bytes::copy_from_slice(message.as_bytes()));
    };
    let mut parts = binary.splitn(3, ' ');
    let mut bytes = unhex(parts.next().unwrap());
    let (form, payload) = (parts.next(), parts.next().unwrap_or_default());
    match form {
        Some("hex") => bytes.extend(unhex(payload)),
        Some("json") => bytes.extend_from_slice(payload.as_bytes()),
        Some("text") => bytes.extend_from_slice(payload.replace("\\n", "\n").as_bytes()),
        other => panic!("{other:?}"),
    }
    Frame::Binary(bytes.into())
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().map(|c| c.to_digit(16).unwrap()).collect();
    let byte = |pair: &[u32]| u8::try_from(pair[0] * 16 + pair[1]).unwrap();
    digits.chunks(2).map(byte).collect()
}

#[test]
fn a_legacy_agent_of_version_0_3_0() {
    let transcript = include_str!("../golden/legacy_agent_v0_3_0.txt");
    replay(hub_end::HubEnd::new(Dialect::V1), transcript);
}

#[test]
fn a_new_agent_of_the_0_5_line() {
    let transcript = include_str!("../golden/new_agent_v0_5.txt");
    replay(hub_end::HubEnd::new(Dialect::V1), transcript);
}

#[test]
fn an_agent_that_is_refused() {
    let transcript = include_str!("../golden/refused_agent.txt");
    replay(hub_end::HubEnd::new(Dialect::V1), transcript);
}

#[test]
fn our_own_provider_in_v1() {
    let transcript = include_str!("../golden/own_provider_v1.txt");
    replay(hub_end::HubEnd::new(Dialect::V1), transcript);
    replay(provider_end::ProviderEnd::new(Dialect::V1), transcript);
}

#[test]
fn our_own_provider_in_v2() {
    let transcript = include_str!("../golden/own_provider_v2.txt");
    replay(hub_end::HubEnd::new(Dialect::V2), transcript);
    replay(provider_end::ProviderEnd::new(Dialect::V2), transcript);
}

#[test]
fn our_own_provider_signs_in_v2() {
    let transcript = include_str!("../golden/signing_provider_v2.txt");
    replay(hub_end::HubEnd::new(Dialect::V2), transcript);
    replay(provider_end::ProviderEnd::new(Dialect::V2), transcript);
}

#[test]
fn what_is_signed_wrongly_in_v2() {
    let transcript = include_str!("../golden/signed_wrongly_v2.txt");
    replay(hub_end::HubEnd::new(Dialect::V2), transcript);
}

#[test]
fn our_own_provider_at_a_public_hub() {
    let transcript = include_str!("../golden/own_provider_at_public_hub.txt");
    replay(provider_end::ProviderEnd::new(Dialect::V1), transcript);
}
