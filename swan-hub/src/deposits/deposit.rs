use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use swan_core::ledger::BonusRecord;
use swan_core::{
    AccountId, Amount, Currency, DepositId, PolicyStamp, ProviderId, Timestamp, TransferId,
};

use super::fact::Fact;
use super::{Address, DepositOwner, Hash, Units, Unmatched};
use crate::collateral::account_of;
use crate::store::{DepositPhase, DepositRecord, StoreError};

/// How far a deposit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DepositState {
    /// It is in a block that may still be replaced.
    Confirming,
    /// It is final, and is being credited.
    Crediting,
    /// The account has the money, or the provider the collateral.
    Credited,
    /// It is final, and nobody's: see why.
    Unmatched,
    /// It is final, and an administrator has decided that it is credited to nobody.
    Refused,
    /// It was on the chain, and is no longer; nothing was credited.
    Orphaned,
    /// It was credited and is no longer on the chain; it is being taken back.
    Reversing,
    /// It was credited and is no longer on the chain; what was credited was taken back.
    Reversed,
}

impl DepositState {
    /// The state as one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirming => "confirming",
            Self::Crediting => "crediting",
            Self::Credited => "credited",
            Self::Unmatched => "unmatched",
            Self::Refused => "refused",
            Self::Orphaned => "orphaned",
            Self::Reversing => "reversing",
            Self::Reversed => "reversed",
        }
    }

    const fn phase(self) -> DepositPhase {
        match self {
            Self::Confirming => DepositPhase::Seen,
            Self::Crediting | Self::Reversing => DepositPhase::Due,
            Self::Unmatched => DepositPhase::Unmatched,
            Self::Credited | Self::Refused | Self::Orphaned | Self::Reversed => DepositPhase::Done,
        }
    }
}

/// What a deposit brings on top, as it was decided when its block was final.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Bonus {
    /// The share of what is credited, in hundredths of a percent.
    pub bps: u16,
    /// The policy that says so.
    pub policy: PolicyStamp,
}

/// Tokens that have come in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deposit {
    /// Its identifier.
    pub id: DepositId,
    /// The chain, by its number.
    pub chain: u64,
    /// The block in which it stands, or stood at last.
    pub block: u64,
    /// That block's hash.
    pub block_hash: Hash,
    /// The transaction.
    pub transaction: Hash,
    /// The place of its line in the block's log.
    pub log: u64,
    /// The account whose credit it is.
    pub account: Option<AccountId>,
    /// The provider whose collateral it is.
    pub provider: Option<ProviderId>,
    /// When the hub first saw it.
    pub created: Timestamp,
    /// How far it is.
    pub state: DepositState,
    /// Why it is nobody's.
    pub why: Option<Unmatched>,
    /// The token, by the name that this hub has for it.
    pub token: Option<String>,
    /// The token's contract.
    pub token_address: Address,
    /// Who paid.
    pub from: Address,
    /// The word by which it names an account or a provider.
    pub reference: Option<Hash>,
    /// How many of the token's smallest units came in.
    pub units: Units,
    /// What of it is credited.
    pub amount: Option<Amount>,
    /// As what.
    pub currency: Option<Currency>,
    /// What is given on top of it, under a policy that rewards deposits.
    pub bonus: Option<Bonus>,
    /// How many of the token's smallest units are too little for the books, and stay uncredited.
    pub dust: u128,
    /// Who said whose it is, where its reference does not.
    pub assigned_by: Option<String>,
    /// Who said that it is credited to nobody.
    pub refused_by: Option<String>,
    /// Why whoever assigned or refused it did so.
    pub reason: Option<String>,
    /// When it was last credited.
    pub credited_at: Option<Timestamp>,
    /// When that was taken back.
    pub reversed_at: Option<Timestamp>,
    /// How often it has been taken back and come again.
    pub round: u32,
    /// Who told of it.
    pub told_by: String,
    pub(super) revision: u64,
}

/// The part that a store keeps as text.
#[derive(Serialize, Deserialize)]
struct Body {
    state: DepositState,
    provider: Option<ProviderId>,
    why: Option<Unmatched>,
    block_hash: Hash,
    transaction: Hash,
    log: u64,
    token: Option<String>,
    token_address: Address,
    from: Address,
    reference: Option<Hash>,
    units: String,
    amount: Option<Amount>,
    currency: Option<Currency>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bonus: Option<Bonus>,
    dust: String,
    assigned_by: Option<String>,
    refused_by: Option<String>,
    reason: Option<String>,
    credited_at: Option<Timestamp>,
    reversed_at: Option<Timestamp>,
    round: u32,
    told_by: String,
}

impl Deposit {
    pub(super) fn new(chain: u64, fact: &Fact, now: Timestamp) -> Self {
        Self {
            id: fact.id,
            chain,
            block: fact.block.number,
            block_hash: fact.block.hash,
            transaction: fact.transaction,
            log: fact.log,
            account: None,
            provider: None,
            created: now,
            state: DepositState::Confirming,
            why: None,
            token: None,
            token_address: fact.token,
            from: fact.from,
            reference: fact.reference,
            units: fact.units,
            amount: None,
            currency: None,
            bonus: None,
            dust: 0,
            assigned_by: None,
            refused_by: None,
            reason: None,
            credited_at: None,
            reversed_at: None,
            round: 0,
            told_by: String::new(),
            revision: 0,
        }
    }

    /// The deposit that a store keeps.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when its text makes no sense.
    pub fn read(record: &DepositRecord) -> Result<Self, StoreError> {
        let id = record.id;
        let corrupt = |why: String| StoreError::Corrupt {
            what: format!("{id} makes no sense: {why}"),
        };
        let body: Body =
            serde_json::from_str(&record.body).map_err(|error| corrupt(error.to_string()))?;
        let units = Units::from_decimal(&body.units);
        let dust = body.dust.parse();
        Ok(Self {
            id,
            chain: record.chain,
            block: record.block,
            block_hash: body.block_hash,
            transaction: body.transaction,
            log: body.log,
            account: record.account.filter(|_| body.provider.is_none()),
            provider: body.provider,
            created: record.created,
            state: body.state,
            why: body.why,
            token: body.token,
            token_address: body.token_address,
            from: body.from,
            reference: body.reference,
            units: units.ok_or_else(|| corrupt("units are no number".into()))?,
            amount: body.amount,
            currency: body.currency,
            bonus: body.bonus,
            dust: dust.map_err(|_| corrupt("dust is no number".into()))?,
            assigned_by: body.assigned_by,
            refused_by: body.refused_by,
            reason: body.reason,
            credited_at: body.credited_at,
            reversed_at: body.reversed_at,
            round: body.round,
            told_by: body.told_by,
            revision: record.revision,
        })
    }

    /// What a store keeps of its next revision.
    pub(super) fn record(&self) -> DepositRecord {
        let body = Body {
            state: self.state,
            provider: self.provider,
            why: self.why,
            block_hash: self.block_hash,
            transaction: self.transaction,
            log: self.log,
            token: self.token.clone(),
            token_address: self.token_address,
            from: self.from,
            reference: self.reference,
            units: self.units.to_string(),
            amount: self.amount,
            currency: self.currency,
            bonus: self.bonus.clone(),
            dust: self.dust.to_string(),
            assigned_by: self.assigned_by.clone(),
            refused_by: self.refused_by.clone(),
            reason: self.reason.clone(),
            credited_at: self.credited_at,
            reversed_at: self.reversed_at,
            round: self.round,
            told_by: self.told_by.clone(),
        };
        DepositRecord {
            id: self.id,
            revision: self.revision.saturating_add(1),
            chain: self.chain,
            block: self.block,
            account: self.provider.map(account_of).or(self.account),
            created: self.created,
            phase: self.state.phase(),
            // Texts, numbers and nulls always serialise.
            body: serde_json::to_string(&body).unwrap_or_default(),
        }
    }

    /// Whose it is.
    #[must_use]
    pub fn owner(&self) -> Option<DepositOwner> {
        let account = self.account.map(DepositOwner::Account);
        account.or(self.provider.map(DepositOwner::Provider))
    }

    pub(super) const fn belong_to(&mut self, owner: Option<DepositOwner>) {
        (self.account, self.provider) = match owner {
            Some(DepositOwner::Account(id)) => (Some(id), None),
            Some(DepositOwner::Provider(id)) => (None, Some(id)),
            None => (None, None),
        };
    }

    /// Who told of it, and who said whose it is.
    pub(super) fn evidence(&self) -> String {
        let told_by = &self.told_by;
        match (&self.assigned_by, &self.reason) {
            (Some(by), Some(why)) => format!("{told_by}; assigned by {by}: {why}"),
            (Some(by), None) => format!("{told_by}; assigned by {by}"),
            (None, _) => told_by.clone(),
        }
    }

    /// Whether it is of what this fact tells, wherever that stands now.
    pub(super) fn tells_of(&self, fact: &Fact) -> bool {
        (self.token_address, self.from, self.units, self.reference)
            == (fact.token, fact.from, fact.units, fact.reference)
    }

    /// The transfer that credits it.
    #[must_use]
    pub fn credit(&self) -> TransferId {
        self.transfer("credit")
    }

    /// The transfer that takes it back.
    #[must_use]
    pub fn reversal(&self) -> TransferId {
        self.transfer("reversal")
    }

    /// The transfer that gives its bonus.
    #[must_use]
    pub fn bonus_credit(&self) -> TransferId {
        self.transfer("bonus")
    }

    /// The transfer that takes its bonus back.
    #[must_use]
    pub fn bonus_reversal(&self) -> TransferId {
        self.transfer("bonus reversal")
    }

    /// What is given on top of it and why, if it is anything. Collateral gets nothing on top.
    #[must_use]
    pub fn bonus_record(&self) -> Option<BonusRecord> {
        if self.provider.is_some() {
            return None;
        }
        let record = BonusRecord {
            deposit: self.id,
            credited: self.amount?,
            bps: self.bonus.as_ref()?.bps,
        };
        (!record.amount().is_zero()).then_some(record)
    }

    /// Whether its money has moved, or would, by this transfer.
    pub(crate) fn moves_by(&self, transfer: TransferId) -> bool {
        let rounds = (0..=self.round).rev();
        let all = ["credit", "bonus", "reversal", "bonus reversal"];
        let mut all = rounds.flat_map(|round| all.map(|what| (round, what)));
        all.any(|(round, what)| self.transfer_of(round, what) == transfer)
    }

    fn transfer(&self, what: &str) -> TransferId {
        self.transfer_of(self.round, what)
    }

    fn transfer_of(&self, round: u32, what: &str) -> TransferId {
        let digest = Sha256::new()
            .chain_update(b"swan deposit transfer 1")
            .chain_update(self.id.as_u128().to_be_bytes())
            .chain_update(round.to_be_bytes())
            .chain_update(what)
            .finalize();
        let bytes = digest.first_chunk::<16>().copied().unwrap_or_default();
        TransferId::from_u128(u128::from_be_bytes(bytes))
    }

    /// The token's name, or its address where it has none here.
    #[must_use]
    pub fn token_name(&self) -> String {
        let known = self.token.clone();
        known.unwrap_or_else(|| self.token_address.to_string())
    }

    /// Where it stands and what it is, in one line.
    #[must_use]
    pub fn says(&self) -> String {
        let (units, token, log) = (self.units, self.token_name(), self.log);
        let (transaction, block, from) = (self.transaction, self.block, self.from);
        let why = self.why.filter(|_| self.state == DepositState::Unmatched);
        let why = why.map_or_else(String::new, |why| format!(": {}", why.says()));
        format!(
            "{units} units of {token} from {from} by transaction {transaction}, log {log} of block {block}{why}"
        )
    }
}
