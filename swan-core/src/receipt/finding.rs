//! What is found of a provider's statement by whoever holds it against a receipt: the hub when it makes the receipt, and
//! consumers when they check it.

use std::fmt;
use std::str::FromStr;

use super::{PublicKey, PublishedKey, Receipt, Signature, SignedStatement, Statement};

/// What is found of the signature of whoever served.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Finding {
    /// It is there, fits, and is about this request.
    Valid,
    /// `not_asked`: the request did not ask for one (`X-Swan-Receipt: 1`).
    NotAsked,
    /// `endpoint`: an endpoint of the hub itself served, and no provider.
    Endpoint,
    /// `no_key`: the provider's program cannot sign, as those of v1 cannot, or has shown no key.
    NoKey,
    /// `missing`: it was asked for, and none came: the answer broke or was left, or the provider did not sign.
    Missing,
    /// `malformed`: what came is too long, or no statement in form.
    Malformed,
    /// `unknown_key`: it is signed with a key that the provider did not have then.
    UnknownKey,
    /// `wrong_signature`: the signature does not fit the statement.
    WrongSignature,
    /// `another_request`: it is about another request.
    AnotherRequest,
    /// `other_terms`: it names another model, price or policy.
    OtherTerms,
    /// `other_bytes`: the bytes that the provider says it received or sent are not those that the hub says it sent or received.
    OtherBytes,
    /// `not_kept`: the hub does not know any more.
    NotKept,
}

const ALL: [Finding; 12] = [
    Finding::Valid,
    Finding::NotAsked,
    Finding::Endpoint,
    Finding::NoKey,
    Finding::Missing,
    Finding::Malformed,
    Finding::UnknownKey,
    Finding::WrongSignature,
    Finding::AnotherRequest,
    Finding::OtherTerms,
    Finding::OtherBytes,
    Finding::NotKept,
];

impl Finding {
    /// The word in receipts.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::NotAsked => "not_asked",
            Self::Endpoint => "endpoint",
            Self::NoKey => "no_key",
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::UnknownKey => "unknown_key",
            Self::WrongSignature => "wrong_signature",
            Self::AnotherRequest => "another_request",
            Self::OtherTerms => "other_terms",
            Self::OtherBytes => "other_bytes",
            Self::NotKept => "not_kept",
        }
    }

    /// The same in words for people.
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::Valid => "the provider has signed this request",
            Self::NotAsked => "the request did not ask for it with `X-Swan-Receipt: 1`",
            Self::Endpoint => "an endpoint of the hub itself served, and no provider",
            Self::NoKey => "the provider's program cannot sign, or has shown no key",
            Self::Missing => "none came: the answer was not whole, or the provider did not sign",
            Self::Malformed => "what came from the provider was too long, or no statement in form",
            Self::UnknownKey => "it is signed with a key that the provider did not have then",
            Self::WrongSignature => "the signature does not fit the statement",
            Self::AnotherRequest => "the statement is about another request",
            Self::OtherTerms => "the statement names another model, price or policy",
            Self::OtherBytes => {
                "hub and provider disagree about the bytes that went from one to the other"
            }
            Self::NotKept => "the hub does not know any more",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Finding {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let found = ALL.into_iter().find(|finding| finding.as_str() == text);
        found.ok_or(())
    }
}

impl SignedStatement {
    /// Holds the statement against what `receipt` says of the request, with `check` for the arithmetic of Ed25519; `keys` are
    /// those of the provider. Says what speaks against it first, or [`Finding::Valid`].
    ///
    /// Counts are not compared here: whoever was paid for fewer than it signed has signed this request all the same.
    #[must_use]
    pub fn examine(
        &self,
        receipt: &Receipt,
        keys: &[PublishedKey],
        check: impl FnOnce(&PublicKey, &[u8], &Signature) -> bool,
    ) -> Finding {
        let Ok(statement) = self.statement.parse::<Statement>() else {
            return Finding::Malformed;
        };
        let in_use = |one: &PublishedKey| one.until.is_none_or(|until| receipt.at <= until);
        let is_own = |one: &PublishedKey| one.key == self.key && in_use(one);
        if !keys.iter().any(is_own) {
            return Finding::UnknownKey;
        }
        if !check(&self.key, self.statement.as_bytes(), &self.signature) {
            return Finding::WrongSignature;
        }
        statement.held_against(receipt)
    }
}

impl Statement {
    fn held_against(&self, receipt: &Receipt) -> Finding {
        if !self.is_about(receipt) {
            return Finding::AnotherRequest;
        }
        let terms = &self.terms;
        // A request that costs nothing has no price in its receipt.
        let same_price = receipt.price.is_none() || terms.price == receipt.price;
        let same_policy =
            terms.policy == receipt.policy && terms.policy_hash == receipt.policy_hash;
        if terms.model != receipt.model || !same_price || !same_policy {
            return Finding::OtherTerms;
        }
        let Some(half) = &receipt.provider_half else {
            return Finding::Valid;
        };
        let same_bytes = half.sent_sha256 == Some(self.request_sha256)
            && half.received_sha256 == Some(self.answer_sha256);
        match same_bytes {
            true => Finding::Valid,
            false => Finding::OtherBytes,
        }
    }

    /// Whether it is about an attempt at the request of this receipt.
    fn is_about(&self, receipt: &Receipt) -> bool {
        let id = receipt.request.to_string();
        let Some(attempt) = self.request.strip_prefix(&id) else {
            return false;
        };
        match attempt.strip_prefix('-') {
            Some(number) => number.parse().is_ok_and(|number: u32| number > 0),
            None => attempt.is_empty(),
        }
    }
}
