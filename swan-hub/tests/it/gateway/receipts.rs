//! Signed receipts: what they say, who gets them, and that nothing in them can be changed.

use std::sync::Arc;

use swan_client::receipt::{Digest, HubKeys, ReceiptError, ReceiptPrice, SignedReceipt};
use swan_client::{Client, verify_receipt};
use swan_core::{AccountId, Amount, Currency, ExchangeRate};
use swan_hub::store::KeyKind;
use swan_hub::{FixedPrice, ReceiptSigner};

use super::http::{Answer, Call};
use super::provider::{Provider, reply, sse};
use super::{DONE, MODEL, Market, STOP, ask, completion, delta, usage};

async fn served(call: Call, provider: &mut Provider) -> Answer {
    let answer = call.background();
    provider
        .serve(reply(completion("four words of text", 20, 4)))
        .await;
    answer.await.unwrap()
}

async fn fetch(market: &Market, key: &str, path: &str) -> Answer {
    let call = Call::get(market.address, path);
    let call = call.header("authorization", &format!("Bearer {key}"));
    call.send().await
}

async fn receipt(market: &Market, answer: &Answer) -> SignedReceipt {
    let path = format!("/v1/receipts/{}", answer.header("x-request-id"));
    let fetched = fetch(market, &market.key, &path).await;
    assert_eq!(fetched.status, 200, "{fetched:?}");
    serde_json::from_slice(&fetched.body).unwrap()
}

async fn keys(market: &Market) -> HubKeys {
    let path = "/.well-known/swan-keys";
    let answer = Call::get(market.address, path).send().await;
    serde_json::from_slice(&answer.body).unwrap()
}

#[tokio::test]
async fn a_receipt_says_what_was_charged_and_proves_both_bodies() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let body = ask("");
    let call = market.chat(&*body).header("x-swan-receipt", "1");
    let answer = served(call, &mut provider).await;
    let signed = receipt(&market, &answer).await;
    let keys = keys(&market).await;
    let receipt = verify_receipt(&signed, &keys.keys).unwrap();
    assert_eq!(receipt.hub, keys.hub);
    assert_eq!(receipt.request.to_string(), answer.header("x-request-id"));
    assert_eq!(receipt.model.as_str(), MODEL);
    assert_eq!(receipt.provider.unwrap().as_u128(), 1);
    assert_eq!(
        (receipt.usage.prompt_tokens, receipt.usage.completion_tokens),
        (20, 4)
    );
    assert_eq!(receipt.cost, market.spent("5"));
    assert_eq!(receipt.cost.to_string(), answer.header("x-swan-cost"));
    let policy = market.hub.policy();
    assert_eq!(receipt.policy_hash.as_ref(), policy.stamp().hash());
    let usd = |text: &str| text.parse::<Amount>().unwrap();
    let price = ReceiptPrice::Tokens {
        input: usd("0.01"),
        cached: usd("0.01"),
        output: usd("0.03"),
    };
    assert_eq!(receipt.price, Some(price));
    assert_eq!(receipt.request_sha256, Some(Digest::of(body.as_bytes())));
    assert_eq!(receipt.answer_sha256, Some(Digest::of(&answer.body)));

    // The same facts are the same receipt, and a receipt with another byte is none.
    let again = self::receipt(&market, &answer).await;
    assert_eq!(again, signed);
    let cheaper = SignedReceipt {
        receipt: signed.receipt.replace("cost=0.00000032", "cost=0.00000031"),
        ..signed.clone()
    };
    let refused = verify_receipt(&cheaper, &keys.keys);
    assert_eq!(refused, Err(ReceiptError::WrongSignature));
    let other = ReceiptSigner::generate("other", swan_core::Timestamp::EPOCH).unwrap();
    let refused = verify_receipt(&signed, &other.published().keys);
    assert!(matches!(refused, Err(ReceiptError::UnknownKey { .. })));

    // The client fetches the same.
    let client = Client::builder(format!("http://{}/v1", market.address), &market.key);
    let client = client.build().unwrap();
    let fetched = client.receipts().get(answer.header("x-request-id")).await;
    assert_eq!(fetched.unwrap().into_parts().0, signed);
    assert_eq!(client.receipts().keys().await.unwrap().into_parts().0, keys);
}

#[tokio::test]
async fn streams_free_requests_and_payments_in_swan_have_receipts_too() {
    let rate = ExchangeRate::usd_per_swan("0.5".parse().unwrap()).unwrap();
    let market =
        Market::with(|builder| builder.with_price_oracle(Arc::new(FixedPrice::new(rate)))).await;
    market.grant_to(market.account, Currency::Swan, "5").await;
    let mut provider = market.provider(1).await;
    let keys = keys(&market).await.keys;

    let body = ask("\"stream\":true");
    let call = market.chat(&*body).header("x-swan-receipt", "1");
    let answer = call.background();
    let text = [
        delta("four words of text"),
        STOP.into(),
        usage(20, 4),
        DONE.into(),
    ];
    provider.serve(sse(text.concat())).await;
    let answer = answer.await.unwrap();
    let streamed = verify_receipt(&receipt(&market, &answer).await, &keys).unwrap();
    assert_eq!(streamed.request_sha256, Some(Digest::of(body.as_bytes())));
    assert_eq!(
        (streamed.answer_sha256, streamed.cost),
        (Some(Digest::of_events(&answer.body)), market.price(20, 4))
    );
    assert!(answer.text().contains("[DONE]"), "{answer:?}");

    let call = market.chat(ask("")).header("x-swan-payment", "SWAN");
    let answer = served(call, &mut provider).await;
    let paid = verify_receipt(&receipt(&market, &answer).await, &keys).unwrap();
    assert_eq!(
        (paid.currency, paid.cost.to_string().as_str()),
        (Currency::Swan, "0.000000512")
    );
    assert_eq!(
        (paid.discount_bps, paid.usd_per_swan),
        (2_000, Some("0.5".parse().unwrap()))
    );
    assert_eq!(paid.request_sha256, None, "nobody asked for hashes");

    let poor = market
        .issue(KeyKind::Consumer(AccountId::from_u128(78)), 60)
        .await;
    let call = market.with_key(&poor, ask("\"max_tokens\":100"));
    let answer = served(call, &mut provider).await;
    let path = format!("/v1/receipts/{}", answer.header("x-request-id"));
    let free = fetch(&market, &poor, &path).await.json();
    let free: SignedReceipt = serde_json::from_value(free).unwrap();
    let free = verify_receipt(&free, &keys).unwrap();
    assert_eq!((free.cost, free.usage.prompt_tokens), (Amount::ZERO, 20));
}

#[tokio::test]
async fn others_and_requests_that_were_not_served_have_none() {
    let market = Market::start().await;
    let refused = market.chat(ask("")).send().await;
    let mut provider = market.provider(1).await;
    let answer = served(market.chat(ask("")), &mut provider).await;
    let (id, unserved) = (
        answer.header("x-request-id"),
        refused.header("x-request-id"),
    );
    let stranger = market
        .issue(KeyKind::Consumer(AccountId::from_u128(78)), 60)
        .await;
    for (key, id, status) in [
        (&market.key, id, 200),
        (&stranger, id, 404),
        (&market.key, unserved, 404),
        (&market.key, "nonsense", 404),
        (&"sk-swan-none".to_owned(), id, 401),
    ] {
        let answer = fetch(&market, key, &format!("/v1/receipts/{id}")).await;
        assert_eq!(answer.status, status, "{answer:?}");
        if status == 404 {
            assert_eq!(answer.error_code(), "nothing_known");
        }
    }
}

#[test]
fn a_new_key_signs_and_old_receipts_stay_valid() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("keys.json");
    let at = swan_core::Timestamp::from_millis;
    let text = "swan-receipt-v1\nhub=hub.example\nrequest=01900000-0000-7000-8000-000000000001\nat_ms=50\nmodel=m\n\
        prompt_tokens=0\ncached_tokens=0\ncompletion_tokens=0\nimages=0\naudio_ms=0\nbasis=reported\ncost=0\ncurrency=USD\n";
    let receipt: swan_core::receipt::Receipt = text.parse().unwrap();
    let first = ReceiptSigner::open("hub.example", &path, at(10)).unwrap();
    let kept = first.sign(&receipt);
    let same = ReceiptSigner::open("hub.example", &path, at(20)).unwrap();
    assert_eq!(same.published(), first.published());
    let second = ReceiptSigner::rotate("hub.example", &path, at(100)).unwrap();
    let keys = &second.published().keys;
    assert_eq!((keys.len(), keys[1].until), (2, Some(at(100))));
    assert_ne!(keys[0].key, keys[1].key);
    let reopened = ReceiptSigner::open("hub.example", &path, at(110)).unwrap();
    assert_eq!(reopened.published(), second.published());
    for signed in [&kept, &reopened.sign(&receipt)] {
        assert_eq!(verify_receipt(signed, keys), Ok(receipt.clone()));
    }
    // Whoever finds the old secret cannot sign for what happens now.
    let later = swan_core::receipt::Receipt {
        at: at(101),
        ..receipt
    };
    let refused = verify_receipt(&first.sign(&later), keys);
    assert!(matches!(refused, Err(ReceiptError::KeyNotValid { .. })));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let refused = ReceiptSigner::open("hub.example", &path, at(110)).unwrap_err();
        assert!(refused.to_string().contains("chmod 600"), "{refused}");
    }
    let files = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, 1, "nothing is left beside");
    assert!(ReceiptSigner::open("two words", &path, at(1)).is_err());
}
