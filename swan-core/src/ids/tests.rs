use super::{AccountId, KeyId, ModelId, ProviderId, RequestId, TransferId};

#[test]
fn identifiers_read_back_as_written() {
    let value = 0x0123_4567_89ab_cdef_0011_2233_4455_6677;
    let request = RequestId::from_u128(value);
    assert_eq!(request.to_string(), "01234567-89ab-cdef-0011-223344556677");
    assert_eq!(request.to_string().parse(), Ok(request));
    let account = AccountId::from_u128(value);
    assert_eq!(account.to_string(), "acc-0123456789abcdef0011223344556677");
    assert_eq!(account.to_string().parse(), Ok(account));
    let transfer = TransferId::from_u128(1);
    assert_eq!(transfer.to_string(), "00000000000000000000000000000001");
    let json = serde_json::to_string(&(request, account, transfer)).unwrap();
    assert_eq!(
        serde_json::from_str::<(RequestId, AccountId, TransferId)>(&json).unwrap(),
        (request, account, transfer)
    );
}

#[test]
fn what_is_not_an_identifier_is_refused() {
    for text in [
        "",
        "acc-",
        "acc-12",
        "prov-0123456789abcdef0011223344556677",
        "acc-+123456789abcdef0011223344556677",
    ] {
        assert!(text.parse::<AccountId>().is_err(), "{text}");
    }
    for text in [
        "0123456789abcdef0011223344556677",
        "01234567-89ab-cdef-0011-22334455667g",
        "01234567-89ab-cdef-0011-223344556677-",
    ] {
        assert!(text.parse::<RequestId>().is_err(), "{text}");
    }
}

#[test]
fn model_names_are_printable_and_bounded() {
    assert_eq!(
        ModelId::new("Qwen/Qwen3-8B").unwrap().as_str(),
        "Qwen/Qwen3-8B"
    );
    assert!(ModelId::new(&"é".repeat(200)).is_ok());
    for name in [
        "",
        "a b",
        "a\n",
        "a\u{0}",
        "a\u{200b}",
        &"é".repeat(201),
        &"x".repeat(100_000),
    ] {
        assert!(ModelId::new(name).is_err(), "{name:?}");
    }
}

#[test]
fn stores_keep_identifiers_as_sixteen_bytes() {
    let (key, provider) = (KeyId::from_u128(7), ProviderId::from_u128(u128::MAX));
    let bytes = postcard::to_stdvec(&(key, provider)).unwrap();
    assert_eq!(bytes.len(), 32);
    assert_eq!(
        postcard::from_bytes::<(KeyId, ProviderId)>(&bytes).unwrap(),
        (key, provider)
    );
}
