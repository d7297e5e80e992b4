//! Addresses of wallets.

use sha3::{Digest as _, Keccak256};

/// Why a text is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum AddressError {
    #[error("must be a wallet address: 0x and 40 hexadecimal digits")]
    Shape,
    #[error("has a wrong checksum (EIP-55): a digit or its case was changed")]
    Checksum,
    #[error("must not be the zero address")]
    Zero,
}

/// The address in `text` with its checksum (EIP-55). One that is all in one case carries none and is taken as it is.
pub(super) fn address(text: &str) -> Result<String, AddressError> {
    let digits = text.strip_prefix("0x").ok_or(AddressError::Shape)?;
    if digits.len() != 40 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(AddressError::Shape);
    }
    if digits.bytes().all(|byte| byte == b'0') {
        return Err(AddressError::Zero);
    }
    let checked = checksummed(&digits.to_ascii_lowercase());
    let is_mixed = digits.bytes().any(|byte| byte.is_ascii_lowercase())
        && digits.bytes().any(|byte| byte.is_ascii_uppercase());
    if is_mixed && checked.strip_prefix("0x") != Some(digits) {
        return Err(AddressError::Checksum);
    }
    Ok(checked)
}

/// A letter is upper case where the hash of the lower-case digits has a half byte of 8 or more.
fn checksummed(lower: &str) -> String {
    let hash = Keccak256::digest(lower.as_bytes());
    let halves = hash.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    let mut text = String::from("0x");
    for (digit, half) in lower.chars().zip(halves) {
        text.push(if half >= 8 {
            digit.to_ascii_uppercase()
        } else {
            digit
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_eip_55() {
        // The examples of the standard.
        for good in [
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
            "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
            "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
            "0x52908400098527886E0F7030069857D2E4169EE7",
            "0xde709f2102306220921060314715629080e2fb77",
        ] {
            let lower = good.to_lowercase();
            let once = address(&lower).unwrap();
            assert_eq!(address(good), Ok(once.clone()));
            assert_eq!(address(&once), Ok(once));
        }
        let good = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
        assert_eq!(address(&good.to_lowercase()).as_deref(), Ok(good));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for (text, error) in [
            ("", AddressError::Shape),
            ("0x", AddressError::Shape),
            (
                "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
                AddressError::Shape,
            ),
            (
                "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
                AddressError::Shape,
            ),
            (
                "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg",
                AddressError::Shape,
            ),
            (
                "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD",
                AddressError::Checksum,
            ),
            (
                "0x0000000000000000000000000000000000000000",
                AddressError::Zero,
            ),
        ] {
            assert_eq!(address(text), Err(error), "{text}");
        }
    }
}
