//! Providers that sign wrongly: the answer stands and is paid by what the hub counted, and the receipt says what is wrong.

use swan_client::receipt::{Digest, Finding, ProviderHalf, PublishedKey};
use swan_core::ModelId;
use swan_core::protocol::Request;
use swan_core::receipt::{Signature, SignedStatement, Statement};
use tokio_tungstenite::tungstenite::Message;

use super::provider::Act;
use super::receipts_signed::{Signer, checked, hub_keys, kept, served, signing, wanted, words};
use super::{MODEL, Market, ask};

/// A wrong statement about this request.
type Forge = fn(&Signer, &Request) -> Box<SignedStatement>;

fn changed(signer: &Signer, request: &Request, change: fn(&mut Statement)) -> Box<SignedStatement> {
    let mut said = Signer::statement(request, &words());
    change(&mut said);
    signer.sign(&said)
}

const FORGED: [(&str, Finding, Forge); 9] = [
    ("another's key", Finding::UnknownKey, |_, request| {
        changed(&Signer::new(9), request, |_| {})
    }),
    (
        "another's name on it",
        Finding::WrongSignature,
        |signer, request| {
            let mut signed = changed(&Signer::new(9), request, |_| {});
            signed.key = signer.key();
            signed
        },
    ),
    (
        "no signature",
        Finding::WrongSignature,
        |signer, request| {
            let mut signed = changed(signer, request, |_| {});
            signed.signature = Signature::from_bytes([0; 64]);
            signed
        },
    ),
    (
        "changed afterwards",
        Finding::WrongSignature,
        |signer, request| {
            let mut signed = changed(signer, request, |_| {});
            signed.statement = signed.statement.replace("_tokens=20", "_tokens=90");
            signed
        },
    ),
    (
        "of another request",
        Finding::AnotherRequest,
        |signer, request| {
            changed(signer, request, |said| {
                said.request = "01900000-0000-7000-8000-000000000001".into();
            })
        },
    ),
    (
        "of another model",
        Finding::OtherTerms,
        |signer, request| {
            changed(signer, request, |said| {
                said.terms.model = ModelId::new("Qwen/Qwen3-32B").unwrap();
            })
        },
    ),
    (
        "at another price",
        Finding::OtherTerms,
        |signer, request| changed(signer, request, |said| said.terms.price = None),
    ),
    (
        "of another question",
        Finding::OtherBytes,
        |signer, request| {
            changed(signer, request, |said| {
                said.request_sha256 = Digest::of(b"");
            })
        },
    ),
    (
        "of another answer",
        Finding::OtherBytes,
        |signer, request| changed(signer, request, |said| said.answer_sha256 = Digest::of(b"")),
    ),
];

#[tokio::test]
async fn what_is_signed_wrongly_is_told_and_costs_nobody_the_answer() {
    let market = Market::start().await;
    let signer = Signer::new(1);
    let mut provider = signing(&market, 1, &signer).await;
    let own = [PublishedKey::always(signer.key())];
    for (number, (name, finding, forge)) in (1..).zip(FORGED) {
        let answer = served(wanted(&market, &ask("")), &mut provider, |request| {
            Act::Sign(forge(&signer, request))
        });
        let answer = answer.await;
        assert_eq!(answer.status, 200, "{name}");
        assert_eq!(market.records.count(), number, "{name}");
        assert_eq!(market.records.last().charge, market.price(20, 4), "{name}");
        let checked = checked(&market, &answer, &own).await;
        let told = checked.receipt.provider_half.as_ref().unwrap();
        assert_eq!(told.finding, finding, "{name}: the hub");
        let refused = ProviderHalf::Refused(finding);
        assert_eq!(checked.provider, refused, "{name}: the consumer");
    }
}

#[tokio::test]
async fn a_statement_that_was_given_before_is_no_statement_now() {
    let market = Market::start().await;
    let signer = Signer::new(1);
    let mut provider = signing(&market, 1, &signer).await;
    let own = [PublishedKey::always(signer.key())];
    let mut first = None;
    let sign = |request: &Request| {
        let said = Signer::statement(request, &words());
        let signed = first.get_or_insert_with(|| signer.sign(&said));
        Act::Sign(signed.clone())
    };
    let mut sign = sign;
    for finding in [Finding::Valid, Finding::AnotherRequest] {
        let call = wanted(&market, &ask(""));
        let answer = served(call, &mut provider, &mut sign).await;
        let checked = checked(&market, &answer, &own).await;
        let told = checked.receipt.provider_half.unwrap().finding;
        assert_eq!(told, finding);
    }
}

#[tokio::test]
async fn other_counts_than_were_charged_are_told() {
    let market = Market::start().await;
    let signer = Signer::new(1);
    let mut provider = signing(&market, 1, &signer).await;
    let own = [PublishedKey::always(signer.key())];
    let answer = served(wanted(&market, &ask("")), &mut provider, |request| {
        Act::Sign(changed(&signer, request, |said| {
            said.usage.completion_tokens = Some(4_000_000);
            said.usage.images = Some(0);
        }))
    });
    let answer = answer.await;
    let checked = checked(&market, &answer, &own).await;
    assert_eq!(checked.receipt.cost, market.price(20, 4));
    let ProviderHalf::Signed(half) = checked.provider else {
        panic!("{checked:?}");
    };
    let found: Vec<_> = half
        .differences
        .iter()
        .map(|one| (one.count, one.charged, one.signed))
        .collect();
    assert_eq!(found, [("completion_tokens", 4, 4_000_000)]);
}

#[tokio::test]
async fn what_is_no_statement_is_thrown_away_and_the_connection_stays() {
    let market = Market::start().await;
    let signer = Signer::new(1);
    let mut provider = signing(&market, 1, &signer).await;
    let large = "x".repeat(50_000);
    let ends = [
        r#"{"signed":7}"#.to_owned(),
        r#"{"signed":{"statement":"","key":"","signature":""}}"#.to_owned(),
        format!(r#"{{"signed":{{"statement":"{large}"}}}}"#),
        format!(r#"{{"signed":"{large}"}}"#),
        format!(
            "{{\"signed\":{}}}",
            "[".repeat(10_000) + &"]".repeat(10_000)
        ),
        // Here the whole end is no JSON, of which the figures are only a hint.
        r#"{"signed":{"#.to_owned(),
    ];
    for (number, end) in (1_u32..).zip(ends) {
        let call = wanted(&market, &ask("\"temperature\":0")).background();
        let request = provider.request().await;
        let acts = [Act::Head(200, "application/json"), Act::Body(words())];
        provider.act(request.stream, acts).await;
        let mut frame = vec![5, 0, 0, 0];
        frame.extend(number.to_be_bytes());
        frame.extend(end.as_bytes());
        provider.garbage(Message::binary(frame)).await;
        let answer = call.await.unwrap();
        let kept = kept(&market, &answer).await;
        assert_eq!(kept.provider_signature, None);
        let checked = checked(&market, &answer, &[]).await;
        let ProviderHalf::Absent(Some(found)) = checked.provider else {
            panic!("{checked:?}");
        };
        let is_json = end.len() > 12 || end.contains('7');
        let expected = if is_json {
            Finding::Malformed
        } else {
            Finding::Missing
        };
        assert_eq!(found, expected, "{number}");
        assert_eq!(checked.receipt.model.as_str(), MODEL);
    }
    assert!(!hub_keys(&market).await.is_empty());
}
