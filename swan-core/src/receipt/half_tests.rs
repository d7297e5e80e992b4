//! The provider's half: what it is held against, and that no byte of it can be changed.

use proptest::prelude::*;

use super::*;

const REQUEST: u128 = 0x0190_0000_0000_7000_8000_0000_0000_0001;

fn key(byte: u8) -> PublicKey {
    PublicKey::from_bytes([byte; 32])
}

fn statement() -> Statement {
    Statement {
        request: RequestId::from_u128(REQUEST).to_string(),
        at: Timestamp::from_millis(40),
        terms: SignTerms {
            model: ModelId::new("Qwen/Qwen3-8B").unwrap(),
            price: Some(ReceiptPrice::Image("0.02".parse().unwrap())),
            policy: PolicyVersion::new("swan-2.0"),
            policy_hash: Some(PolicyHash::from_bytes([7; 32])),
        },
        usage: StatedUsage {
            prompt_tokens: Some(20),
            completion_tokens: Some(4),
            ..StatedUsage::default()
        },
        request_sha256: Digest::of(b"asked"),
        answer_sha256: Digest::of(b"answered"),
    }
}

/// A receipt that says the same, with what the hub found.
fn receipt(signed: Option<&SignedStatement>, finding: Finding) -> Receipt {
    let said = statement();
    Receipt {
        hub: "hub.example".into(),
        request: RequestId::from_u128(REQUEST),
        at: Timestamp::from_millis(50),
        model: said.terms.model,
        provider: Some(ProviderId::from_u128(1)),
        usage: Usage::tokens(20, 0, 4),
        basis: UsageBasis::Reported,
        price: said.terms.price,
        usd_per_swan: None,
        discount_bps: 0,
        cost: Amount::ZERO,
        currency: Currency::Usd,
        policy: said.terms.policy,
        policy_hash: said.terms.policy_hash,
        request_sha256: Some(said.request_sha256),
        answer_sha256: None,
        provider_half: Some(HalfTold {
            sent_sha256: Some(said.request_sha256),
            received_sha256: Some(said.answer_sha256),
            finding,
            statement_sha256: signed.map(|signed| Digest::of(signed.statement.as_bytes())),
            provider_key: signed.map(|signed| signed.key),
        }),
    }
}

/// A signature that only these bytes under this key have, for tests without the arithmetic.
fn sign(key: &PublicKey, message: &[u8]) -> Signature {
    let bytes = [key.as_bytes(), message].concat();
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(Digest::of(&bytes).as_bytes());
    Signature::from_bytes(signature)
}

fn fits(key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
    sign(key, message) == *signature
}

fn signed_by(key: PublicKey, statement: &Statement) -> SignedStatement {
    let statement = statement.to_string();
    SignedStatement {
        signature: sign(&key, statement.as_bytes()),
        statement,
        key,
    }
}

fn file(receipt: &Receipt, provider_signature: Option<SignedStatement>) -> SignedReceipt {
    let (receipt, hub) = (receipt.to_string(), key(1));
    SignedReceipt {
        signature: sign(&hub, receipt.as_bytes()),
        receipt,
        key: hub,
        provider_signature,
    }
}

fn trusted() -> [PublishedKey; 1] {
    [PublishedKey::always(key(1))]
}

#[test]
fn a_statement_is_held_against_the_receipt() {
    let other = |change: fn(&mut Statement)| {
        let mut statement = statement();
        change(&mut statement);
        signed_by(key(2), &statement)
    };
    let mut unsigned = other(|_| {});
    unsigned.signature = Signature::from_bytes([9; 64]);
    let mut broken = other(|_| {});
    broken.statement.push(' ');
    for (signed, finding) in [
        (other(|_| {}), Finding::Valid),
        (other(|one| one.request.push_str("-2")), Finding::Valid),
        (other(|one| one.at = Timestamp::EPOCH), Finding::Valid),
        (
            other(|one| one.usage.prompt_tokens = Some(21)),
            Finding::Valid,
        ),
        (broken, Finding::Malformed),
        (signed_by(key(3), &statement()), Finding::UnknownKey),
        (unsigned, Finding::WrongSignature),
        (
            other(|one| one.request.replace_range(..1, "1")),
            Finding::AnotherRequest,
        ),
        (
            other(|one| one.request.push_str("-0")),
            Finding::AnotherRequest,
        ),
        (other(|one| one.request.push('1')), Finding::AnotherRequest),
        (
            other(|one| one.terms.model = ModelId::new("m").unwrap()),
            Finding::OtherTerms,
        ),
        (other(|one| one.terms.price = None), Finding::OtherTerms),
        (other(|one| one.terms.policy = None), Finding::OtherTerms),
        (
            other(|one| one.terms.policy_hash = None),
            Finding::OtherTerms,
        ),
        (
            other(|one| one.request_sha256 = Digest::of(b"")),
            Finding::OtherBytes,
        ),
        (
            other(|one| one.answer_sha256 = Digest::of(b"")),
            Finding::OtherBytes,
        ),
    ] {
        let keys = [PublishedKey::always(key(2))];
        let found = signed.examine(&receipt(None, Finding::Missing), &keys, fits);
        assert_eq!(found, finding, "{signed:?}");
    }
}

#[test]
fn keys_count_in_their_time() {
    let signed = signed_by(key(2), &statement());
    let receipt = receipt(None, Finding::Missing);
    for (until, finding) in [
        (None, Finding::Valid),
        (Some(50), Finding::Valid),
        (Some(49), Finding::UnknownKey),
    ] {
        let keys = [PublishedKey {
            until: until.map(Timestamp::from_millis),
            ..PublishedKey::always(key(2))
        }];
        assert_eq!(signed.examine(&receipt, &keys, fits), finding, "{until:?}");
    }
}

#[test]
fn both_halves_are_checked_and_differing_counts_are_told() {
    let mut said = statement();
    said.usage.completion_tokens = Some(400);
    said.usage.cached_tokens = Some(0);
    let signed = signed_by(key(2), &said);
    let receipt = receipt(Some(&signed), Finding::Valid);
    let file = file(&receipt, Some(signed));
    let own = [PublishedKey::always(key(2))];
    for (keys, is_known) in [(&own[..], true), (&[], false)] {
        let checked = file.check_with(&trusted(), keys, fits).unwrap();
        assert_eq!(checked.receipt, receipt);
        let ProviderHalf::Signed(half) = checked.provider else {
            panic!("{checked:?}");
        };
        assert_eq!(
            (half.is_key_known, half.is_request_unchanged),
            (is_known, true)
        );
        assert_eq!((&half.statement, half.key), (&said, key(2)));
        let difference = Difference {
            count: "completion_tokens",
            charged: 4,
            signed: 400,
        };
        assert_eq!(half.differences, [difference]);
    }
    // It is the hub alone who says that this key is the provider's.
    let strange = [PublishedKey::always(key(3))];
    let checked = file.check_with(&trusted(), &strange, fits).unwrap();
    assert_eq!(checked.provider, ProviderHalf::Refused(Finding::UnknownKey));
}

#[test]
fn a_half_cannot_be_taken_out_added_or_exchanged() {
    let signed = signed_by(key(2), &statement());
    let another = signed_by(
        key(2),
        &Statement {
            at: Timestamp::EPOCH,
            ..statement()
        },
    );
    let with = receipt(Some(&signed), Finding::Valid);
    let without = receipt(None, Finding::NoKey);
    let check = |receipt: &Receipt, half: Option<&SignedStatement>| {
        let file = file(receipt, half.cloned());
        file.check_with(&trusted(), &[], fits)
            .map(|one| one.provider)
    };
    assert!(matches!(
        check(&with, Some(&signed)),
        Ok(ProviderHalf::Signed(_))
    ));
    assert_eq!(
        check(&without, None),
        Ok(ProviderHalf::Absent(Some(Finding::NoKey)))
    );
    for (receipt, half) in [
        (&with, None),
        (&with, Some(&another)),
        (&without, Some(&signed)),
    ] {
        assert_eq!(check(receipt, half), Err(ReceiptError::OtherStatement));
    }
    // A hub that calls valid what is not is not believed.
    let forged = SignedStatement {
        signature: Signature::from_bytes([0; 64]),
        ..signed
    };
    assert_eq!(
        check(&with, Some(&forged)),
        Ok(ProviderHalf::Refused(Finding::WrongSignature))
    );
    let first = Receipt {
        provider_half: None,
        ..with
    };
    assert_eq!(check(&first, None), Ok(ProviderHalf::Absent(None)));
}

#[test]
fn findings_have_words_of_their_own() {
    for word in ["valid", "no_key", "missing", "other_bytes", "not_kept"] {
        let finding: Finding = word.parse().unwrap();
        assert_eq!(finding.to_string(), word);
        assert!(!finding.explanation().is_empty());
    }
    assert_eq!("Valid".parse::<Finding>(), Err(()));
}

/// These bytes are under signatures that people keep: they may never change.
#[test]
fn the_bytes_of_a_statement_are_pinned() {
    let text = format!(
        "swan-statement-v1\nrequest=01900000-0000-7000-8000-000000000001\nat_ms=40\nmodel=Qwen/Qwen3-8B\nprompt_tokens=20\n\
         completion_tokens=4\nusd_per_image=0.02\npolicy=swan-2.0\npolicy_sha256={}\nrequest_sha256={}\nanswer_sha256={}\n",
        "07".repeat(32),
        Digest::of(b"asked"),
        Digest::of(b"answered"),
    );
    assert_eq!(statement().to_string(), text);
    assert_eq!(text.parse(), Ok(statement()));
}

fn statements() -> impl Strategy<Value = Statement> {
    let names = ("[!-~]{1,128}", "[A-Za-z0-9/.:_-]{1,200}");
    let counts = any::<[Option<u64>; 4]>();
    let hashes = any::<[[u8; 32]; 2]>();
    let price = tests::price();
    (
        names,
        counts,
        hashes,
        price,
        any::<u64>(),
        any::<Option<[u8; 32]>>(),
    )
        .prop_map(|((request, model), counts, hashes, price, at, policy)| {
            let [prompt_tokens, cached_tokens, completion_tokens, images] = counts;
            let [request_sha256, answer_sha256] = hashes.map(Digest::from_bytes);
            Statement {
                request,
                at: Timestamp::from_millis(at),
                terms: SignTerms {
                    model: ModelId::new(&model).unwrap(),
                    price,
                    policy: policy.and(PolicyVersion::new("swan-2.0")),
                    policy_hash: policy.map(PolicyHash::from_bytes),
                },
                usage: StatedUsage {
                    prompt_tokens,
                    cached_tokens,
                    completion_tokens,
                    images,
                },
                request_sha256,
                answer_sha256,
            }
        })
}

proptest! {
    #[test]
    fn every_statement_reads_back_as_it_was_written(statement in statements()) {
        let signed = signed_by(key(2), &statement);
        prop_assert_eq!(signed.statement.parse(), Ok(statement));
        let json = serde_json::to_vec(&signed).unwrap();
        prop_assert_eq!(SignedStatement::from_json(&json), Some(signed));
    }

    /// Whatever byte of the file is changed: it is no receipt, or its signatures do not fit, or it is the same receipt.
    #[test]
    fn no_byte_of_a_file_can_be_changed(place: prop::sample::Index, byte: u8) {
        let signed = signed_by(key(2), &statement());
        let honest = file(&receipt(Some(&signed), Finding::Valid), Some(signed));
        let json = serde_json::to_vec(&honest).unwrap();
        let mut changed = json.clone();
        changed[place.index(json.len())] = byte;
        let own = [PublishedKey::always(key(2))];
        let Ok(read) = serde_json::from_slice::<SignedReceipt>(&changed) else {
            return Ok(());
        };
        let checked = read.check_with(&trusted(), &own, fits);
        let is_believed = checked.is_ok_and(|one| matches!(one.provider, ProviderHalf::Signed(_)));
        prop_assert_eq!(is_believed, read == honest);
    }
}
