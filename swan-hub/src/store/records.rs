use std::fmt;

use serde::{Deserialize, Serialize};
use swan_core::ledger::Group;
use swan_core::ledger::entries::{self, ExchangeSide};
use swan_core::{AccountId, Amount, Currency, KeyId, ProviderId, Timestamp, TransferId};

use crate::admission::KeyLimits;

/// Whom a key lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "authentication must decide about each kind"
)]
pub enum KeyKind {
    /// A consumer, who pays from this account.
    Consumer(AccountId),
    /// A provider, who earns.
    Provider(ProviderId),
    /// An administrator.
    Admin,
}

impl KeyKind {
    /// The kind's name in tables, JSON and stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Consumer(_) => "consumer",
            Self::Provider(_) => "provider",
            Self::Admin => "admin",
        }
    }

    /// The account or provider behind the key, in writing.
    #[must_use]
    pub fn owner(self) -> Option<String> {
        match self {
            Self::Consumer(id) => Some(id.to_string()),
            Self::Provider(id) => Some(id.to_string()),
            Self::Admin => None,
        }
    }
}

/// What a store knows about a key; never its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "stores build records; a new field is a new schema"
)]
pub struct KeyRecord {
    /// Names the key without opening anything.
    pub id: KeyId,
    /// Whom it lets in.
    pub kind: KeyKind,
    /// What its owner calls it.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it stopped working.
    pub revoked: Option<Timestamp>,
    /// What it may do.
    pub limits: KeyLimits,
}

/// A consumer's account; its money is in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "stores build records; a new field is a new schema"
)]
pub struct AccountRecord {
    /// The account.
    pub id: AccountId,
    /// What its owner is called.
    pub name: String,
    /// When it was opened.
    pub created: Timestamp,
    /// What all its keys may do together.
    pub limits: KeyLimits,
}

/// A provider; what it has earned is in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "stores build records; a new field is a new schema"
)]
pub struct ProviderRecord {
    /// The provider.
    pub id: ProviderId,
    /// What it is called.
    pub name: String,
    /// When it was admitted.
    pub created: Timestamp,
    /// When it was last connected.
    pub last_seen: Option<Timestamp>,
}

/// Consecutive journal entries, encoded. A store keeps the bytes as they are.
#[derive(Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "stores build records; a new field is a new schema"
)]
pub struct JournalRecord {
    /// The number of the first entry; entries count from 1.
    pub first_seq: u64,
    /// How many entries, at least one.
    pub count: u32,
    /// The entries, behind a version byte (`docs/LEDGER.md`).
    pub body: Vec<u8>,
}

impl JournalRecord {
    /// The number that the next record begins with.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.first_seq.saturating_add(u64::from(self.count))
    }
}

impl fmt::Debug for JournalRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JournalRecord")
            .field("first_seq", &self.first_seq)
            .field("count", &self.count)
            .field("bytes", &self.body.len())
            .finish()
    }
}

/// Something asked of the hub that holds the lease, by another process.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "stores build records; a new field is a new schema"
)]
pub struct Command {
    /// Made by the sender, and the idempotency key of what is done.
    pub id: u128,
    /// When it was sent.
    pub sent: Timestamp,
    /// What to do.
    pub kind: CommandKind,
}

/// What a command asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CommandKind {
    /// Give credit.
    Grant {
        /// To whom.
        account: AccountId,
        /// Counted in what.
        currency: Currency,
        /// How much.
        amount: Amount,
        /// Who gives it and why.
        note: String,
    },
    /// Read keys and limits again before answering, so that whoever waits for the answer knows that what he wrote is obeyed.
    Refresh,
    /// Ask for a payout, or end one.
    Payout(PayoutOrder),
    /// Put something into the exchange, or take it out.
    Exchange(ExchangeOrder),
}

/// What a command asks for about the exchange; its transfer has the command's id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::exhaustive_structs,
    reason = "stores build records; a new field is a new schema"
)]
pub struct ExchangeOrder {
    /// Whether it goes in.
    pub is_funded: bool,
    /// Where it comes from, or goes to.
    pub side: ExchangeSide,
    /// Counted in what.
    pub currency: Currency,
    /// How much.
    pub amount: Amount,
    /// Who does it and why.
    pub note: String,
}

impl ExchangeOrder {
    /// What it moves.
    pub(crate) fn group(&self, id: TransferId) -> Group {
        let built = match self.is_funded {
            true => entries::fund_exchange,
            false => entries::empty_exchange,
        };
        built(id, self.side, self.currency, self.amount, &self.note)
    }
}

/// As stores keep it that keep texts.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
impl ExchangeOrder {
    /// How stores write it.
    pub(crate) fn write(&self) -> String {
        // Texts and numbers always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(crate) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

/// What a command asks for about a payout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
#[non_exhaustive]
pub enum PayoutOrder {
    /// Set earnings apart to be paid; the payout has the command's id.
    Request {
        /// Whose earnings.
        provider: ProviderId,
        /// Counted in what.
        currency: Currency,
        /// How much, with the fee.
        amount: Amount,
        /// Where to.
        destination: Option<String>,
    },
    /// It was paid.
    Paid {
        /// The payout.
        payout: TransferId,
        /// By what.
        reference: String,
    },
    /// It could not be paid, and is given back.
    Failed {
        /// The payout.
        payout: TransferId,
        /// Why not.
        reason: String,
    },
    /// It is taken back.
    Cancelled {
        /// The payout.
        payout: TransferId,
    },
}

/// As stores keep it that keep texts.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
impl PayoutOrder {
    /// How stores write it.
    pub(crate) fn write(&self) -> String {
        // Texts and numbers always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(crate) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

/// A command with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "stores build records; a new field is a new schema"
)]
pub struct StoredCommand {
    /// The command.
    pub command: Command,
    /// `None` while pending, `ok` when done, else why not.
    pub answer: Option<String>,
}

impl Serialize for KeyRecord {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;
        let mut out = serializer.serialize_struct("KeyRecord", 7)?;
        out.serialize_field("id", &self.id)?;
        out.serialize_field("kind", self.kind.as_str())?;
        out.serialize_field("owner", &self.kind.owner())?;
        out.serialize_field("name", &self.name)?;
        out.serialize_field("created_ms", &self.created)?;
        out.serialize_field("revoked_ms", &self.revoked)?;
        out.serialize_field("limits", &self.limits)?;
        out.end()
    }
}
