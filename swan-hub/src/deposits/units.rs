use std::fmt;

/// How many of a token's smallest units: up to 2^256, as the chain counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Units(pub(super) [u8; 32]);

impl Units {
    /// The number in these 32 bytes, the greatest byte first.
    #[must_use]
    pub const fn from_be_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The number, unless it is 2^128 or more.
    #[must_use]
    pub fn small(self) -> Option<u128> {
        let (high, low) = self.0.split_at(16);
        let is_small = high.iter().all(|byte| *byte == 0);
        let low: [u8; 16] = low.try_into().ok()?;
        is_small.then(|| u128::from_be_bytes(low))
    }

    /// Whether it is none at all.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0 == [0; 32]
    }

    /// Reads a decimal number; `None` beyond 2^256 and for anything else.
    #[must_use]
    pub fn from_decimal(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > 78 {
            return None;
        }
        let mut number = [0; 32];
        for digit in text.bytes() {
            let mut carry = u16::try_from(char::from(digit).to_digit(10)?).ok()?;
            for byte in number.iter_mut().rev() {
                let product = u16::from(*byte) * 10 + carry;
                [.., *byte] = product.to_be_bytes();
                carry = product >> 8;
            }
            if carry != 0 {
                return None;
            }
        }
        Some(Self(number))
    }
}

impl From<u128> for Units {
    fn from(small: u128) -> Self {
        let mut bytes = [0; 32];
        let (_, low) = bytes.split_at_mut(16);
        low.copy_from_slice(&small.to_be_bytes());
        Self(bytes)
    }
}

impl fmt::Display for Units {
    /// Writes the decimal number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        let mut digits = Vec::new();
        while rest != [0; 32] {
            let mut remainder = 0_u16;
            for byte in &mut rest {
                let value = remainder << 8 | u16::from(*byte);
                [.., *byte] = (value / 10).to_be_bytes();
                remainder = value % 10;
            }
            let [.., digit] = remainder.to_be_bytes();
            digits.push(char::from(b'0' + digit));
        }
        if digits.is_empty() {
            digits.push('0');
        }
        f.write_str(&digits.iter().rev().collect::<String>())
    }
}

impl fmt::Debug for Units {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_they_are_read() {
        let most = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
        for text in [
            "0",
            "9",
            "10",
            "340282366920938463463374607431768211456",
            most,
        ] {
            let units = Units::from_decimal(text).unwrap();
            assert_eq!(units.to_string(), text);
        }
        assert_eq!(Units::from_be_bytes([255; 32]).to_string(), most);
        assert_eq!(Units::from_be_bytes([255; 32]).small(), None);
        assert_eq!(Units::from(u128::MAX).small(), Some(u128::MAX));
        let beyond = most.replace("935", "936");
        for text in ["", "-1", "1.5", "0x1", &beyond, &"9".repeat(79)] {
            assert_eq!(Units::from_decimal(text), None, "{text}");
        }
    }
}
