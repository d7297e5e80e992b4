//! Bytes as hexadecimal digits, as hashes, keys and signatures are written.

use std::fmt;

use data_encoding::{Encoding, HEXLOWER, HEXLOWER_PERMISSIVE};

pub(crate) fn write(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    fmt::Display::fmt(&HEXLOWER.encode_display(bytes), f)
}

/// The bytes that exactly these lower-case digits are.
pub(crate) fn read<const N: usize>(digits: &str) -> Option<[u8; N]> {
    decode(&HEXLOWER, digits)
}

/// The bytes that exactly these digits are, of either case.
pub(crate) fn read_any_case<const N: usize>(digits: &str) -> Option<[u8; N]> {
    decode(&HEXLOWER_PERMISSIVE, digits)
}

fn decode<const N: usize>(encoding: &Encoding, digits: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    // The decoder demands a place of the right size.
    let fits = encoding.decode_len(digits.len()) == Ok(N);
    let decoded = fits.then(|| encoding.decode_mut(digits.as_bytes(), &mut bytes));
    decoded?.ok().map(|_| bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_digits_are_read() {
        let table = [
            ("00ff7a", Some([0, 255, 0x7a]), true),
            ("00FF7a", None, true),
            ("00ff7", None, false),
            ("00ff7a0", None, false),
            ("00ff7a00", None, false),
            ("00ff7g", None, false),
            ("+0ff7a", None, false),
            ("00é7a", None, false),
            ("", None, false),
        ];
        for (digits, expected, is_any_case) in table {
            assert_eq!(read::<3>(digits), expected, "{digits}");
            let any = is_any_case.then_some([0, 255, 0x7a]);
            assert_eq!(read_any_case::<3>(digits), any, "{digits}");
        }
    }
}
