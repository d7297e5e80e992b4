//! The provider's half of receipts: that it comes, what it proves, and what is said where there is none.

use std::time::Duration;

use ring::signature::{Ed25519KeyPair, KeyPair as _};
use swan_client::receipt::{
    Checked, Digest, Finding, HubKeys, ProviderHalf, ProviderKeys, PublicKey, PublishedKey,
    ReceiptPrice, SignedReceipt,
};
use swan_client::{Client, check_receipt};
use swan_core::protocol::{Failure, Registration, Request, StreamEnd};
use swan_core::receipt::{Signature, SignedStatement, StatedUsage, Statement};
use swan_core::{ProviderId, Timestamp};
use swan_hub::store::KeyKind;

use super::http::{Answer, Call};
use super::provider::{Act, Provider, begin, reply};
use super::{DONE, MODEL, Market, STOP, ask, completion, delta, usage, within};

/// The key of a scripted provider.
pub(super) struct Signer(Ed25519KeyPair);

impl Signer {
    pub(super) fn new(secret: u8) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&[secret; 32]).unwrap())
    }

    pub(super) fn key(&self) -> PublicKey {
        PublicKey::from_bytes(self.0.public_key().as_ref().try_into().unwrap())
    }

    /// What an honest provider says of this answer, in which it has counted 20 tokens in and 4 out.
    pub(super) fn statement(request: &Request, answer: &str) -> Statement {
        Statement {
            request: request.request_id.clone(),
            at: Timestamp::from_millis(1),
            terms: *request.sign.clone().expect("it is asked to sign"),
            usage: StatedUsage {
                prompt_tokens: Some(20),
                completion_tokens: Some(4),
                ..StatedUsage::default()
            },
            request_sha256: Digest::of(&request.body),
            answer_sha256: Digest::of(answer.as_bytes()),
        }
    }

    pub(super) fn sign(&self, statement: &Statement) -> Box<SignedStatement> {
        let statement = statement.to_string();
        let signature = self.0.sign(statement.as_bytes());
        Box::new(SignedStatement {
            statement,
            key: self.key(),
            signature: Signature::from_bytes(signature.as_ref().try_into().unwrap()),
        })
    }
}

/// A provider that has shown this key.
pub(super) async fn signing(market: &Market, number: u128, signer: &Signer) -> Provider {
    let kind = KeyKind::Provider(ProviderId::from_u128(number));
    let registration = Registration {
        token: market.issue(kind, 1_000 + number).await,
        node_id: format!("node-{number}"),
        models: vec![MODEL.to_owned()],
        cp_version: Some("9.9.9".to_owned()),
        signing_key: Some(signer.key()),
        ..Registration::default()
    };
    Box::pin(Provider::registering(market.address, true, registration)).await
}

/// A request whose consumer wants a receipt.
pub(super) fn wanted(market: &Market, body: &str) -> Call {
    market.chat(body).header("x-swan-receipt", "1")
}

/// What four words cost to have been said.
pub(super) fn words() -> String {
    completion("four words of text", 20, 4)
}

/// Lets `provider` answer one request with [`words`], and end that with `end`.
pub(super) async fn served(
    call: Call,
    provider: &mut Provider,
    end: impl FnOnce(&Request) -> Act,
) -> Answer {
    let answer = call.background();
    let request = provider.request().await;
    let end = end(&request);
    let head = Act::Head(200, "application/json");
    provider
        .act(request.stream, [head, Act::Body(words()), end])
        .await;
    answer.await.unwrap()
}

pub(super) async fn hub_keys(market: &Market) -> Vec<PublishedKey> {
    let path = "/.well-known/swan-keys";
    let answer = Call::get(market.address, path).send().await;
    serde_json::from_slice::<HubKeys>(&answer.body)
        .unwrap()
        .keys
}

/// The keys of a provider, which anybody may read.
pub(super) async fn keys_of(market: &Market, number: u128) -> Vec<PublishedKey> {
    let provider = ProviderId::from_u128(number);
    let path = format!("/v1/provider-keys/{provider}");
    let answer = Call::get(market.address, &path).send().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let keys: ProviderKeys = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(keys.provider, provider);
    keys.keys
}

pub(super) async fn kept(market: &Market, answer: &Answer) -> SignedReceipt {
    assert_eq!(answer.status, 200, "{answer:?}");
    let path = format!("/v1/receipts/{}", answer.header("x-request-id"));
    let call = Call::get(market.address, &path);
    let call = call.header("authorization", &format!("Bearer {}", market.key));
    let fetched = call.send().await;
    assert_eq!(fetched.status, 200, "{fetched:?}");
    serde_json::from_slice(&fetched.body).unwrap()
}

/// A receipt, checked offline with the hub's keys and these of the provider.
pub(super) async fn checked(market: &Market, answer: &Answer, own: &[PublishedKey]) -> Checked {
    let kept = kept(market, answer).await;
    let checked = check_receipt(&kept, &hub_keys(market).await, own).unwrap();
    let is_there = kept.provider_signature.is_some();
    let half = checked.receipt.provider_half.as_ref().unwrap();
    assert_eq!(half.statement_sha256.is_some(), is_there);
    checked
}

#[tokio::test]
async fn a_provider_signs_what_it_served_and_its_consumer_can_check_that() {
    let market = Market::start().await;
    let signer = Signer::new(1);
    let mut provider = signing(&market, 1, &signer).await;
    let own = [PublishedKey::always(signer.key())];
    let (mut asked, body) = (None, ask(""));
    let answer = served(wanted(&market, &body), &mut provider, |request| {
        let said = Signer::statement(request, &words());
        asked = Some(said.clone());
        Act::Sign(signer.sign(&said))
    });
    let answer = answer.await;
    let checked = checked(&market, &answer, &own).await;
    let ProviderHalf::Signed(half) = &checked.provider else {
        panic!("{checked:?}");
    };
    assert_eq!((&half.statement, half.key), (&asked.unwrap(), signer.key()));
    assert!(half.is_key_known && half.differences.is_empty());

    // Both have signed the same: model, counts, price, policy and the bytes between them.
    let (receipt, said) = (&checked.receipt, &half.statement);
    assert_eq!(said.request, answer.header("x-request-id"));
    assert_eq!(
        (said.terms.model.as_str(), &receipt.model),
        (MODEL, &said.terms.model)
    );
    assert!(matches!(
        said.terms.price,
        Some(ReceiptPrice::Tokens { .. })
    ));
    assert_eq!(said.terms.price, receipt.price);
    assert_eq!(said.terms.policy_hash, receipt.policy_hash);
    assert!(said.terms.policy_hash.is_some() && said.terms.policy == receipt.policy);
    let told = receipt.provider_half.as_ref().unwrap();
    assert_eq!(told.finding, Finding::Valid);
    assert_eq!(told.provider_key, Some(signer.key()));
    assert_eq!(told.sent_sha256, Some(said.request_sha256));
    assert_eq!(told.received_sha256, Some(said.answer_sha256));
    let is_unchanged = receipt.request_sha256 == told.sent_sha256;
    assert_eq!(half.is_request_unchanged, is_unchanged);

    // The hub tells everybody whose key that is, and the client reads it.
    let client = Client::builder(format!("http://{}/v1", market.address), &market.key);
    let client = client.build().unwrap();
    let id = ProviderId::from_u128(1).to_string();
    let keys = client.receipts().provider_keys(&id).await.unwrap();
    let keys = keys.into_parts().0.keys;
    assert_eq!((keys.len(), keys[0].key), (1, signer.key()));
    assert_eq!(keys, keys_of(&market, 1).await);
    // The same receipt, byte for byte, when it is asked for again.
    assert_eq!(kept(&market, &answer).await, kept(&market, &answer).await);
}

#[tokio::test]
async fn a_stream_waits_for_its_signature_and_not_for_ever() {
    let market = Market::start().await;
    let signer = Signer::new(1);
    let mut provider = signing(&market, 1, &signer).await;
    let own = [PublishedKey::always(signer.key())];
    let text = [
        delta("four words of text"),
        STOP.into(),
        usage(20, 4),
        DONE.into(),
    ];
    // What still comes behind the end is signed, too.
    let (text, more) = (text.concat(), ": bye\n\n");
    let mut open = wanted(&market, &ask("\"stream\":true")).open().await;
    let request = provider.request().await;
    provider.act(request.stream, begin(&*text)).await;
    open.read_until("finish_reason\":\"stop").await;
    let said = Signer::statement(&request, &format!("{text}{more}"));
    let end = [Act::Body(more.into()), Act::Sign(signer.sign(&said))];
    provider.act(request.stream, end).await;
    let answer = within(open.whole()).await;
    assert!(answer.text().ends_with(DONE), "{answer:?}");
    let checked = checked(&market, &answer, &own).await;
    assert!(
        matches!(checked.provider, ProviderHalf::Signed(_)),
        "{checked:?}"
    );
    assert_eq!(
        checked.receipt.answer_sha256,
        Some(Digest::of_events(&answer.body))
    );

    // One that never ends its answer costs the consumer a moment and the receipt a half.
    let answer = wanted(&market, &ask("\"stream\":true")).background();
    let request = provider.request().await;
    provider.act(request.stream, begin(text)).await;
    let answer = tokio::time::timeout(Duration::from_secs(20), answer).await;
    let answer = answer.unwrap().unwrap();
    assert!(answer.text().ends_with(DONE), "{answer:?}");
    let checked = self::checked(&market, &answer, &own).await;
    assert_eq!(
        checked.provider,
        ProviderHalf::Absent(Some(Finding::Missing))
    );
}

#[tokio::test]
async fn whoever_does_not_ask_or_cannot_sign_is_served_as_before() {
    let market = Market::start().await;
    let signer = Signer::new(1);
    let mut able = signing(&market, 1, &signer).await;
    let mut asked = true;
    let answer = served(market.chat(ask("")), &mut able, |request| {
        asked = request.sign.is_some();
        // What nobody asked for is not even looked at.
        let said = Statement {
            terms: swan_core::receipt::SignTerms {
                model: swan_core::ModelId::new(MODEL).unwrap(),
                price: None,
                policy: None,
                policy_hash: None,
            },
            request: request.request_id.clone(),
            at: Timestamp::EPOCH,
            usage: StatedUsage::default(),
            request_sha256: Digest::of(&request.body),
            answer_sha256: Digest::of(words().as_bytes()),
        };
        Act::Sign(signer.sign(&said))
    });
    let answer = answer.await;
    assert!(!asked);
    let found = checked(&market, &answer, &[]).await.provider;
    assert_eq!(found, ProviderHalf::Absent(Some(Finding::NotAsked)));
    able.die().await;

    for (number, v2) in [(2, false), (3, true)] {
        let mut unable = market.provider_of(number, v2, &[MODEL]).await;
        let mut asked = true;
        let answer = served(wanted(&market, &ask("")), &mut unable, |request| {
            asked = request.sign.is_some();
            Act::Finish(StreamEnd::default())
        });
        let answer = answer.await;
        assert!(!asked, "{number}");
        let kept = kept(&market, &answer).await;
        assert_eq!(kept.provider_signature, None);
        assert!(
            kept.receipt.contains("\nprovider_signature=no_key\n"),
            "{kept:?}"
        );
        let found = checked(&market, &answer, &[]).await.provider;
        assert_eq!(found, ProviderHalf::Absent(Some(Finding::NoKey)));
        assert_eq!(keys_of(&market, number).await, []);
        unable.die().await;
    }
}

#[tokio::test]
async fn the_one_who_served_signs_and_not_the_one_who_failed() {
    let market = Market::start().await;
    let signers = [Signer::new(1), Signer::new(2)];
    let mut first = signing(&market, 1, &signers[0]).await;
    let mut second = signing(&market, 2, &signers[1]).await;
    let answer = wanted(&market, &ask("")).background();
    let (failing, serving, signer, number) = tokio::select! {
        request = first.request() => {
            let failed = [Act::Fail(Failure::provider(503, "loading"))];
            first.act(request.stream, failed).await;
            (request, second.request().await, &signers[1], 2)
        }
        request = second.request() => {
            let failed = [Act::Fail(Failure::provider(503, "loading"))];
            second.act(request.stream, failed).await;
            (request, first.request().await, &signers[0], 1)
        }
    };
    let said = Signer::statement(&serving, &words());
    assert_eq!(said.request, format!("{}-1", failing.request_id));
    let mut acts = reply(words());
    acts.pop();
    acts.push(Act::Sign(signer.sign(&said)));
    let provider = if number == 1 { &first } else { &second };
    provider.act(serving.stream, acts).await;
    let answer = answer.await.unwrap();
    let checked = checked(&market, &answer, &keys_of(&market, number).await).await;
    assert_eq!(
        checked.receipt.provider,
        Some(ProviderId::from_u128(number))
    );
    let ProviderHalf::Signed(half) = checked.provider else {
        panic!("{checked:?}");
    };
    assert_eq!((half.statement, half.key), (said, signer.key()));
}

#[tokio::test]
async fn a_key_that_its_node_has_changed_still_proves_what_it_signed() {
    let market = Market::start().await;
    let (old, new) = (Signer::new(1), Signer::new(2));
    let mut provider = signing(&market, 1, &old).await;
    let sign = |signer: &Signer, request: &Request| {
        let said = Signer::statement(request, &words());
        Act::Sign(signer.sign(&said))
    };
    let before = served(wanted(&market, &ask("")), &mut provider, |request| {
        sign(&old, request)
    });
    let before = before.await;
    provider.die().await;
    let mut provider = signing_again(&market, &new).await;
    let after = served(wanted(&market, &ask("")), &mut provider, |request| {
        sign(&new, request)
    });
    let after = after.await;
    // Whoever has found the old secret signs nothing that is believed now.
    let stale = served(wanted(&market, &ask("")), &mut provider, |request| {
        sign(&old, request)
    });
    let stale = stale.await;
    let keys = keys_of(&market, 1).await;
    let known: Vec<_> = keys
        .iter()
        .map(|one| (one.key, one.until.is_some()))
        .collect();
    assert_eq!(known, [(new.key(), false), (old.key(), true)]);
    for (answer, finding) in [
        (&before, Finding::Valid),
        (&after, Finding::Valid),
        (&stale, Finding::UnknownKey),
    ] {
        let checked = checked(&market, answer, &keys).await;
        let told = checked.receipt.provider_half.as_ref().unwrap().finding;
        let found = match checked.provider {
            ProviderHalf::Signed(_) => Finding::Valid,
            ProviderHalf::Refused(finding) => finding,
            other => panic!("{other:?}"),
        };
        assert_eq!((told, found), (finding, finding));
    }
}

/// The node of the first provider again, with another key.
async fn signing_again(market: &Market, signer: &Signer) -> Provider {
    let kind = KeyKind::Provider(ProviderId::from_u128(1));
    let registration = Registration {
        token: market.issue(kind, 1_999).await,
        node_id: "node-1".to_owned(),
        models: vec![MODEL.to_owned()],
        cp_version: Some("9.9.9".to_owned()),
        signing_key: Some(signer.key()),
        ..Registration::default()
    };
    Box::pin(Provider::registering(market.address, true, registration)).await
}
