use proptest::prelude::*;

use super::*;

fn amount(pico: u64) -> Amount {
    Amount::from_pico(pico.into()).unwrap()
}

pub(super) fn price() -> impl Strategy<Value = Option<ReceiptPrice>> {
    let tokens = any::<[u32; 3]>().prop_map(|prices| {
        let [input, cached, output] = prices.map(|pico| amount(pico.into()));
        Some(ReceiptPrice::Tokens {
            input,
            cached,
            output,
        })
    });
    let minute = any::<u32>().prop_map(|usd| Some(ReceiptPrice::Minute(amount(usd.into()))));
    let image = any::<u32>().prop_map(|usd| Some(ReceiptPrice::Image(amount(usd.into()))));
    prop_oneof![Just(None), tokens, minute, image]
}

fn receipts() -> impl Strategy<Value = Receipt> {
    let counts = any::<[u64; 5]>();
    let names = (
        "[!-~]{1,40}",
        "[A-Za-z0-9/.:_-]{1,40}",
        any::<Option<u128>>(),
        any::<u128>(),
    );
    let money = (
        any::<u64>(),
        any::<bool>(),
        proptest::option::of(1_u64..),
        0_u16..=10_000,
        price(),
    );
    let hashes = any::<[Option<[u8; 32]>; 3]>();
    let half = proptest::option::of(halves());
    let parts = (names, counts, money, hashes, any::<u64>(), half);
    parts.prop_map(|(names, counts, money, hashes, at, provider_half)| {
        let (hub, model, provider, request) = names;
        let [prompt, cached, completion, images, audio_ms] = counts;
        let (cost, is_swan, rate, discount_bps, price) = money;
        let [policy_hash, request_sha256, answer_sha256] = hashes;
        Receipt {
            hub,
            request: RequestId::from_u128(request),
            at: Timestamp::from_millis(at),
            model: ModelId::new(&model).unwrap(),
            provider: provider.map(ProviderId::from_u128),
            usage: Usage {
                images,
                audio_ms,
                ..Usage::tokens(prompt, cached, completion)
            },
            basis: UsageBasis::Bounded,
            price,
            usd_per_swan: rate.map(amount),
            discount_bps,
            cost: amount(cost),
            currency: if is_swan {
                Currency::Swan
            } else {
                Currency::Usd
            },
            policy: Some(PolicyVersion::new("swan-2.0").unwrap()),
            policy_hash: policy_hash.map(PolicyHash::from_bytes),
            request_sha256: request_sha256.map(Digest::from_bytes),
            answer_sha256: answer_sha256.map(Digest::from_bytes),
            provider_half,
        }
    })
}

fn halves() -> impl Strategy<Value = HalfTold> {
    let hashes = any::<[Option<[u8; 32]>; 3]>();
    let finding = prop::sample::select(vec![Finding::Valid, Finding::NoKey, Finding::OtherBytes]);
    (hashes, finding, any::<Option<[u8; 32]>>()).prop_map(|(hashes, finding, key)| {
        let [sent_sha256, received_sha256, statement_sha256] =
            hashes.map(|hash| hash.map(Digest::from_bytes));
        HalfTold {
            sent_sha256,
            received_sha256,
            finding,
            statement_sha256,
            provider_key: key.map(PublicKey::from_bytes),
        }
    })
}

proptest! {
    #[test]
    fn every_receipt_reads_back_as_it_was_written(receipt in receipts()) {
        let text = receipt.to_string();
        prop_assert_eq!(text.parse::<Receipt>(), Ok(receipt));
    }

    /// No two texts are the same receipt.
    #[test]
    fn a_changed_text_is_refused_or_is_another_receipt(
        receipt in receipts(), place: prop::sample::Index, byte in b' '..=b'~',
    ) {
        let text = receipt.to_string();
        let mut bytes = text.clone().into_bytes();
        let len = bytes.len();
        bytes[place.index(len)] = byte;
        let changed = String::from_utf8(bytes).unwrap();
        if let Ok(read) = changed.parse::<Receipt>() {
            prop_assert_eq!(read == receipt, changed == text);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        let _ = text.parse::<Receipt>();
    }
}

/// These bytes are under signatures that people keep: they may never change.
#[test]
fn the_bytes_are_pinned() {
    let receipt = Receipt {
        hub: "hub.example".into(),
        request: RequestId::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001),
        at: Timestamp::from_millis(1_795_248_900_000),
        model: ModelId::new("Qwen/Qwen3-8B").unwrap(),
        provider: Some(ProviderId::from_u128(1)),
        usage: Usage::tokens(20, 0, 4),
        basis: UsageBasis::Reported,
        price: Some(ReceiptPrice::Tokens {
            input: "0.01".parse().unwrap(),
            cached: "0.01".parse().unwrap(),
            output: "0.03".parse().unwrap(),
        }),
        usd_per_swan: Some("0.5".parse().unwrap()),
        discount_bps: 2_000,
        cost: "0.000000512".parse().unwrap(),
        currency: Currency::Swan,
        policy: Some(PolicyVersion::new("swan-2.0").unwrap()),
        policy_hash: Some(PolicyHash::from_bytes([7; 32])),
        request_sha256: Some(Digest::of(b"{}")),
        answer_sha256: None,
        provider_half: None,
    };
    let text = "swan-receipt-v1\nhub=hub.example\nrequest=01900000-0000-7000-8000-000000000001\nat_ms=1795248900000\n\
        model=Qwen/Qwen3-8B\nprovider=prov-00000000000000000000000000000001\nprompt_tokens=20\ncached_tokens=0\n\
        completion_tokens=4\nimages=0\naudio_ms=0\nbasis=reported\nusd_per_million_input=0.01\nusd_per_million_cached=0.01\n\
        usd_per_million_output=0.03\nusd_per_swan=0.5\ndiscount_bps=2000\ncost=0.000000512\ncurrency=SWAN\npolicy=swan-2.0\n\
        policy_sha256=0707070707070707070707070707070707070707070707070707070707070707\n\
        request_sha256=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\n";
    assert_eq!(receipt.to_string(), text);
    assert_eq!(text.parse(), Ok(receipt.clone()));

    let key = PublicKey::from_bytes([3; 32]);
    let second = Receipt {
        provider_half: Some(HalfTold {
            sent_sha256: Some(Digest::from_bytes([1; 32])),
            received_sha256: None,
            finding: Finding::Valid,
            statement_sha256: Some(Digest::from_bytes([2; 32])),
            provider_key: Some(key),
        }),
        ..receipt
    };
    let more = format!(
        "sent_sha256={}\nprovider_signature=valid\nstatement_sha256={}\nprovider_key={key}\n",
        "01".repeat(32),
        "02".repeat(32)
    );
    let text = text.replace("receipt-v1", "receipt-v2") + &more;
    assert_eq!(second.to_string(), text);
    assert_eq!(text.parse(), Ok(second));
    for wrong in [
        text.replace("receipt-v2", "receipt-v1"),
        text.replace("receipt-v2", "receipt-v3"),
        text.replace("provider_signature=valid\n", ""),
        text.replace("=valid", "=probably"),
    ] {
        assert!(wrong.parse::<Receipt>().is_err(), "{wrong}");
    }
}

#[test]
fn only_trusted_keys_in_their_time_are_believed() {
    let text = "swan-receipt-v1\nhub=h\nrequest=01900000-0000-7000-8000-000000000001\nat_ms=50\nmodel=m\nprompt_tokens=0\n\
        cached_tokens=0\ncompletion_tokens=0\nimages=0\naudio_ms=0\nbasis=reported\ncost=0\ncurrency=USD\n";
    let key = PublicKey::from_bytes([1; 32]);
    let signed = SignedReceipt {
        receipt: text.into(),
        key,
        signature: Signature::from_bytes([2; 64]),
        provider_signature: None,
    };
    let published = |key: u8, from, until: Option<u64>| PublishedKey {
        key: PublicKey::from_bytes([key; 32]),
        from: Timestamp::from_millis(from),
        until: until.map(Timestamp::from_millis),
    };
    let verify =
        |keys: &[PublishedKey], fits: bool| signed.verify_with(keys, |_, _, _| fits).map(drop);
    assert_eq!(verify(&[published(1, 99, None)], true), Ok(()));
    assert_eq!(verify(&[published(1, 0, Some(50))], true), Ok(()));
    assert_eq!(
        verify(&[published(1, 0, None)], false),
        Err(ReceiptError::WrongSignature)
    );
    assert_eq!(
        verify(&[published(2, 0, None)], true),
        Err(ReceiptError::UnknownKey { key })
    );
    let at = Timestamp::from_millis(50);
    let keys = published(1, 0, Some(49));
    assert_eq!(
        verify(&[keys], true),
        Err(ReceiptError::KeyNotValid { key, at })
    );
    let json = serde_json::to_string(&signed).unwrap();
    assert_eq!(
        serde_json::from_str::<SignedReceipt>(&json).unwrap(),
        signed
    );
    // As hubs wrote it that knew nothing of a second half.
    let before = json.replace(",\"provider_signature\":null", "");
    assert_ne!(before, json);
    assert_eq!(
        serde_json::from_str::<SignedReceipt>(&before).unwrap(),
        signed
    );
}

#[test]
fn comments_among_events_do_not_count_and_nothing_else_is_left_out() {
    let plain = "data: {\"a\":1}\n\ndata: [DONE]\n\n";
    let digest = Digest::of(plain.as_bytes());
    for with_comments in [
        plain.to_owned(),
        format!(": ping\n\n{plain}"),
        format!("{plain}: ping\n\n: ping\n\n"),
        plain.replace("data: [", ": ping\n\n: another\n\ndata: ["),
    ] {
        assert_eq!(
            Digest::of_events(with_comments.as_bytes()),
            digest,
            "{with_comments}"
        );
    }
    for other in [
        "data: {\"a\":2}\n\ndata: [DONE]\n\n",
        "data: {\"a\":1}\n\ndata: [DONE]\n",
        "data: {\"a\":1}\n\n\ndata: [DONE]\n\n",
        "data: {\"a\":1}: ping\n\ndata: [DONE]\n\n",
        "data: {\"a\":1}\n\n",
        "",
    ] {
        assert_ne!(Digest::of_events(other.as_bytes()), digest, "{other}");
    }
}
