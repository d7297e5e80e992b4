//! What an explanation is made of. Amounts are decimal strings in JSON, times are UTC.

use schemars::JsonSchema;
use serde::Serialize;
use swan_core::Amount;
use swan_core::ledger::ChargeRecord;

pub(crate) use super::owners::Owners;

/// The chain of facts that led to a charge, a transfer or a balance.
///
/// `Display` writes it for people; as JSON it is what `GET /v1/explain/{id}` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Explanation {
    /// What was asked about.
    pub id: String,
    /// `request`, `transfer`, `payout`, `topup`, `deposit`, `penalty`, `collateral`, `account` or `provider`.
    pub kind: &'static str,
    /// The request, when one caused it.
    pub request: Option<String>,
    /// The outcome in one sentence.
    pub summary: String,
    /// What people and the hub's clock said and did about a penalty or other collateral, in order.
    pub said: Vec<Said>,
    /// What the journal says, in order; of a balance the latest entries.
    pub steps: Vec<Step>,
    /// What was charged and why so much.
    pub charge: Option<Charge>,
    /// Who was asked to serve it, in order.
    pub attempts: Vec<Try>,
    /// What is on the accounts, and what it is the sum of.
    pub balances: Vec<BalanceOf>,
    /// What is not known, and where to look.
    pub notes: Vec<String>,
    /// Whose money it is.
    #[serde(skip)]
    pub(crate) owners: Owners,
}

/// Something that was said or done about collateral.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Said {
    /// When.
    pub at: String,
    /// `accused`, `appealed`, `decided` or `lapsed`; `deposited`, `locked`, `unlocked`, `requested`, `cancelled`, `returned`, `unsent` or
    /// `unpaid`.
    pub what: &'static str,
    /// Who.
    pub by: String,
    /// Why, in their words.
    pub says: String,
    /// The version of the policy then in force.
    pub policy: Option<String>,
    /// The hash of what that policy says.
    pub policy_hash: Option<String>,
}

/// One entry of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Step {
    /// The entry's number in the journal.
    pub entry: u64,
    /// When it happened.
    pub at: String,
    /// The rule that caused it.
    pub rule: &'static str,
    /// The version of the policy that decided, when one did.
    pub policy: Option<String>,
    /// The hash of what that policy says.
    pub policy_hash: Option<String>,
    /// The entry in one sentence.
    pub says: String,
    /// What moved.
    pub transfers: Vec<Moved>,
}

/// One transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Moved {
    /// The transfer's id.
    pub id: String,
    /// `posted`, `pending`, `post`, `void` or `expire`.
    pub kind: &'static str,
    /// Whose account is debited.
    pub debit: String,
    /// Whose account is credited.
    pub credit: String,
    /// How much.
    #[schemars(with = "String")]
    pub amount: Amount,
    /// Counted in what.
    pub currency: &'static str,
}

/// A charge with everything that it follows from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Charge {
    /// The model that answered.
    pub model: String,
    /// Who was paid; `None` for an endpoint of the hub itself.
    pub provider: Option<String>,
    /// Tokens read, cached ones included.
    pub prompt_tokens: u64,
    /// Those of them that came from a cache.
    pub cached_tokens: u64,
    /// Tokens written.
    pub completion_tokens: u64,
    /// Images delivered.
    pub images: u64,
    /// Milliseconds of audio.
    pub audio_ms: u64,
    /// How the counts were come by: `reported`, `bounded`, `estimated` or `measured`.
    pub basis: &'static str,
    /// What that means.
    pub basis_means: &'static str,
    /// What was charged.
    #[schemars(with = "String")]
    pub gross: Amount,
    /// Counted in what.
    pub currency: &'static str,
    /// What that is worth in US dollars, at the rate that priced it.
    #[schemars(with = "Option<String>")]
    pub usd: Option<Amount>,
    /// What was set aside for it.
    #[schemars(with = "Option<String>")]
    pub held: Option<Amount>,
    /// What of that was given back.
    #[schemars(with = "Option<String>")]
    pub given_back: Option<Amount>,
    /// The listed prices in US dollars; empty when they are no longer known.
    pub prices: Vec<Listed>,
    /// What was taken off the price.
    pub discount: Option<String>,
    /// The exchange rate with its source and time, when it was not paid in US dollars.
    pub exchange_rate: Option<String>,
    /// From counts to charge, and from charge to shares.
    pub arithmetic: Vec<String>,
    /// Whether prices times counts make exactly what was charged; `None` when the price is not known.
    pub adds_up: Option<bool>,
    /// Who got which part.
    pub split: Vec<Part>,
}

/// A listed price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Listed {
    /// Of what.
    pub of: &'static str,
    /// In US dollars.
    #[schemars(with = "String")]
    pub usd: Amount,
}

/// A part of a charge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Part {
    /// Who got it.
    pub to: String,
    /// How much.
    #[schemars(with = "String")]
    pub amount: Amount,
    /// Of the whole, to two places.
    pub share: String,
}

/// One attempt at serving a request. Times are in milliseconds from its first byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Try {
    /// Who was asked.
    pub provider: String,
    /// What it is called.
    pub name: String,
    /// When it was asked.
    pub started_ms: u64,
    /// When that was over.
    pub ended_ms: u64,
    /// How it ended.
    pub ending: &'static str,
    /// Whom that speaks against.
    pub blame: Option<&'static str>,
    /// The HTTP status that it gave.
    pub status: Option<u16>,
    /// Whether its answer is the one that went out.
    pub chosen: bool,
}

/// What is on an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct BalanceOf {
    /// Counted in what.
    pub currency: &'static str,
    /// Credits less debits.
    #[schemars(with = "String")]
    pub balance: Amount,
    /// What of it is set aside.
    #[schemars(with = "String")]
    pub held: Amount,
    /// Everything that was ever credited.
    #[schemars(with = "String")]
    pub credited: Amount,
    /// Everything that was ever debited.
    #[schemars(with = "String")]
    pub debited: Amount,
    /// The same by the rule that caused it, where the whole journal was read.
    pub by_rule: Vec<ByRule>,
}

/// What one rule did to an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct ByRule {
    /// The rule.
    pub rule: &'static str,
    /// How many transfers.
    pub transfers: u64,
    /// What they credited.
    #[schemars(with = "String")]
    pub credited: Amount,
    /// What they debited.
    #[schemars(with = "String")]
    pub debited: Amount,
}

impl Charge {
    /// What the journal alone says of it.
    pub(super) fn of(record: &ChargeRecord, currency: &'static str) -> Self {
        Self {
            model: record.model.to_string(),
            provider: record.provider.map(|id| id.to_string()),
            prompt_tokens: record.prompt_tokens,
            cached_tokens: record.cached_tokens,
            completion_tokens: record.completion_tokens,
            images: record.images,
            audio_ms: record.audio_ms,
            basis: record.basis.as_str(),
            basis_means: basis_means(record),
            gross: record.gross,
            currency,
            usd: record.usd,
            held: None,
            given_back: None,
            prices: Vec::new(),
            discount: None,
            exchange_rate: None,
            arithmetic: Vec::new(),
            adds_up: None,
            split: Vec::new(),
        }
    }
}

const fn basis_means(record: &ChargeRecord) -> &'static str {
    use swan_core::ledger::UsageBasis as Basis;
    match record.basis {
        Basis::Reported => "the model server said so, and it fits what the hub saw",
        Basis::Bounded => {
            "the model server said more than the hub saw; the hub's bound was charged"
        }
        Basis::Estimated => "the model server said nothing; counted from what the hub delivered",
        Basis::Measured => "the hub counted the images or measured the audio itself",
        _ => "written by a newer Swan",
    }
}
