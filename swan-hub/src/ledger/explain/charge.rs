//! Explains what a request caused, from its entries and its record.

use swan_core::ledger::{
    Account, BonusRecord, ChainRecord, ChargeRecord, Detail, Entry, Kind, Rule, Transfer,
};
use swan_core::{Amount, BasisPoints, Currency, RequestId, Usage};

use super::Subject;
use super::arithmetic::{self, Priced};
use super::facts::{Charge, Explanation, Moved, Owners, Part, Step, Try};
use crate::deposits::hex;
use crate::events::Outcome;
use crate::gateway::iso;
use crate::generations::{Attempt, Generation};

/// Everything that a request caused.
pub(super) fn of_request(
    subject: Subject,
    request: RequestId,
    entries: &[Entry],
    record: Option<&Generation>,
) -> Explanation {
    let charge = entries
        .iter()
        .find_map(|entry| charge(entries, entry, record));
    let mut notes = Vec::new();
    if record.is_none() {
        notes.push(
            "the record of the request is not in the store, so its attempts and its price are not known: it is written within \
             a second and kept for 30 days; the policy named above has the price"
                .to_owned(),
        );
    } else if charge
        .as_ref()
        .is_some_and(|charge| charge.adds_up.is_none())
    {
        notes.push("the price was not recorded; the policy named above has it".to_owned());
    }
    if charge
        .as_ref()
        .is_some_and(|charge| charge.adds_up == Some(false))
    {
        notes.push(
            "the charge is not price times use: it was capped at what had been agreed".to_owned(),
        );
    }
    let attempts = record.map(|record| record.attempts.iter().map(tried).collect());
    Explanation {
        id: subject.to_string(),
        kind: match subject {
            Subject::Transfer(_) => "transfer",
            _ => "request",
        },
        request: Some(request.to_string()),
        summary: summary(entries, charge.as_ref(), record),
        said: Vec::new(),
        steps: entries.iter().map(step).collect(),
        charge,
        attempts: attempts.unwrap_or_default(),
        balances: Vec::new(),
        notes,
        owners: Owners {
            account: owner(entries).or_else(|| record?.account),
            ..Owners::of(entries)
        },
    }
}

/// An entry that no request caused.
pub(super) fn of_entry(subject: Subject, entry: &Entry) -> Explanation {
    let step = step(entry);
    Explanation {
        id: subject.to_string(),
        kind: "transfer",
        request: None,
        summary: step.says.clone(),
        said: Vec::new(),
        steps: vec![step],
        charge: None,
        attempts: Vec::new(),
        balances: Vec::new(),
        notes: Vec::new(),
        owners: Owners::of(std::slice::from_ref(entry)),
    }
}

/// Whose money moved.
pub(crate) fn owner(entries: &[Entry]) -> Option<swan_core::AccountId> {
    Owners::of(entries).account
}

fn summary(entries: &[Entry], charge: Option<&Charge>, record: Option<&Generation>) -> String {
    let ending = match record.map(|record| record.outcome.get()) {
        Some(Outcome::Abandoned) => ", for what was delivered until the consumer went away",
        Some(Outcome::Broken) => ", for what was delivered until the answer broke",
        _ => "",
    };
    if let Some(Charge {
        gross, currency, ..
    }) = charge
    {
        return match gross.is_zero() {
            true => format!("served, and charged nothing{ending}"),
            false => format!("charged {gross} {currency}{ending}"),
        };
    }
    let last = entries.last().map(|entry| entry.group.cause.rule);
    let error = record.and_then(|record| record.error.as_deref());
    let why = error.map_or_else(String::new, |code| format!(" ({code})"));
    match last {
        Some(Rule::Hold | Rule::Extension) => "under way: its funds are set aside".to_owned(),
        Some(Rule::Release) => format!("charged nothing{why}: everything was given back"),
        Some(Rule::Expiry) => format!("charged nothing{why}: its time was over, and everything was given back"),
        Some(Rule::Recovery) => {
            "charged nothing: the hub ended before the request did, and the next start gave everything back".to_owned()
        }
        Some(_) => "moved money by a rule that this version does not know".to_owned(),
        None if record.is_some_and(|record| record.usage.is_some()) => {
            "served by the free tier: nothing was charged, split or journalled".to_owned()
        }
        None => format!("ended before funds were set aside{why}: nothing was charged"),
    }
}

fn charge(entries: &[Entry], entry: &Entry, record: Option<&Generation>) -> Option<Charge> {
    let Detail::Charge(of) = &entry.group.cause.detail else {
        return None;
    };
    let first = entry.group.transfers.first()?;
    let mut charge = Charge::of(of, first.debit.currency.code());
    charge.held = held(entries);
    charge.given_back = charge.held.and_then(|held| held.checked_sub(of.gross).ok());
    charge.split = split(&entry.group.transfers, of.gross);
    if let Some(record) = record {
        price(&mut charge, of, entry, record);
    }
    if let (Some(held), Some(back)) = (charge.held, charge.given_back) {
        let line = format!("{held} held - {} charged = {back} given back", of.gross);
        charge.arithmetic.push(line);
    }
    let parts: Vec<_> = charge
        .split
        .iter()
        .map(|part| (part.to.clone(), part.amount))
        .collect();
    charge.arithmetic.extend(arithmetic::split_line(of, &parts));
    Some(charge)
}

/// The price, as it was recorded when the request was charged.
fn price(charge: &mut Charge, of: &ChargeRecord, entry: &Entry, record: &Generation) {
    let (Some(price), rate) = (record.priced.price(), record.priced.rate()) else {
        return;
    };
    let discount = BasisPoints::new(record.discount).unwrap_or(BasisPoints::ZERO);
    let priced = Priced {
        price,
        discount,
        rate: rate.as_ref(),
    };
    let usage = Usage {
        images: of.images,
        audio_ms: of.audio_ms,
        ..Usage::tokens(of.prompt_tokens, of.cached_tokens, of.completion_tokens)
    };
    charge.prices = priced.listed();
    charge.discount = Some(discount.to_string());
    charge.exchange_rate = rate.as_ref().map(|rate| {
        let (feed, at) = (rate.feed(), iso(rate.at()));
        format!("{} USD for 1 SWAN, by {feed} at {at}", rate.rate())
    });
    charge.arithmetic = priced.lines(&usage, of.gross);
    let policy = entry.group.cause.policy.as_ref();
    let cost = policy.and_then(|policy| priced.cost(policy, &usage));
    charge.adds_up = cost.map(|cost| cost == of.gross);
}

fn held(entries: &[Entry]) -> Option<Amount> {
    let transfers = entries.iter().flat_map(|entry| &entry.group.transfers);
    transfers
        .filter(|transfer| matches!(transfer.kind, Kind::Pending { .. }))
        .map(|transfer| transfer.amount)
        .next_back()
}

/// What went out of clearing, by whom it reached.
fn split(transfers: &[Transfer], gross: Amount) -> Vec<Part> {
    let shares = transfers
        .iter()
        .filter(|one| one.debit.account == Account::Clearing);
    shares
        .map(|one| Part {
            to: one.credit.account.to_string(),
            amount: one.amount,
            share: arithmetic::percent(one.amount, gross),
        })
        .collect()
}

/// One entry in words.
pub(super) fn step(entry: &Entry) -> Step {
    let cause = &entry.group.cause;
    let policy = cause.policy.as_ref();
    Step {
        entry: entry.seq,
        at: iso(entry.at),
        rule: cause.rule.as_str(),
        policy: policy.map(|stamp| stamp.version().to_string()),
        policy_hash: policy
            .and_then(|stamp| stamp.hash())
            .map(|hash| hash.to_string()),
        says: says(entry),
        transfers: entry.group.transfers.iter().map(moved).collect(),
    }
}

fn says(entry: &Entry) -> String {
    let Some(first) = entry.group.transfers.first() else {
        return "nothing moved".to_owned();
    };
    let (amount, currency) = (first.amount, first.debit.currency);
    let (from, to) = (first.debit.account, first.credit.account);
    let note = match &entry.group.cause.detail {
        Detail::Note(note) => format!(": {note}"),
        Detail::Payment(of) => format!(": {}, {}, told by {}", of.topup, of.object, of.told_by),
        Detail::Chain(of) => deposited(of),
        Detail::Bonus(of) => bonus(of),
        _ => String::new(),
    };
    match (first.kind, entry.group.cause.rule) {
        (_, Rule::Extension) => {
            let all = entry
                .group
                .transfers
                .last()
                .map_or(amount, |last| last.amount);
            let more = all.checked_sub(amount).unwrap_or(Amount::ZERO);
            format!(
                "{more} {currency} more of {from} set aside, {all} in all, since the answer goes on"
            )
        }
        (Kind::Posted, Rule::Exchange) => exchanged(entry),
        (Kind::Pending { expires }, _) => {
            let until = iso(expires);
            format!("{amount} {currency} of {from} set aside for what it may cost, until {until}")
        }
        (Kind::Post { .. }, _) => format!(
            "{amount} {currency} of what was set aside charged to {from}, the rest given back"
        ),
        (Kind::Void { .. }, Rule::Charge) => {
            format!("nothing to charge; {amount} {currency} given back to {from}")
        }
        (Kind::Void { .. }, Rule::Recovery) => {
            format!("{amount} {currency} given back to {from}: the request died with its hub")
        }
        (Kind::Void { .. }, _) => format!("{amount} {currency} given back to {from}{note}"),
        (Kind::Expire { .. }, _) => {
            format!("{amount} {currency} given back to {from}: the time was over")
        }
        _ => format!("{amount} {currency} from {from} to {to}{note}"),
    }
}

/// An exchange, so that a reader can do it again.
fn exchanged(entry: &Entry) -> String {
    let Detail::Exchange(of) = &entry.group.cause.detail else {
        return "an exchange without its evidence".to_owned();
    };
    let (gave, from, got, to) = (of.gave, of.from, of.got, of.to);
    let sign = match of.from {
        Currency::Usd => "/",
        _ => "x",
    };
    format!(
        "{gave} {from} of earnings {} exchanged: {gave} {from} {sign} {} USD for 1 SWAN = {got} {to}, rounded down to 12 places; the \
         rate is by {} at {}",
        of.provider,
        of.rate,
        of.feed,
        iso(of.at)
    )
}

/// Of what a bonus is a share.
fn bonus(of: &BonusRecord) -> String {
    let (deposit, credited) = (of.deposit, of.credited);
    let share = BasisPoints::new(of.bps).map_or_else(|_| String::new(), |bps| bps.to_string());
    format!(": {share} of the {credited} of {deposit}, as the policy gives for deposits in SWAN")
}

/// Where on its chain a deposit stands.
fn deposited(of: &ChainRecord) -> String {
    let (deposit, units, token) = (of.deposit, &of.units, &of.token);
    let transaction = hex(&of.transaction);
    format!(
        ": {deposit}, {units} units of {token} by transaction {transaction}, log {} of block {} of chain {}, told by {}",
        of.log, of.block, of.chain, of.told_by
    )
}

fn moved(transfer: &Transfer) -> Moved {
    Moved {
        id: transfer.id.to_string(),
        kind: match transfer.kind {
            Kind::Posted => "posted",
            Kind::Pending { .. } => "pending",
            Kind::Post { .. } => "post",
            Kind::Void { .. } => "void",
            Kind::Expire { .. } => "expire",
            _ => "unknown",
        },
        debit: transfer.debit.account.to_string(),
        credit: transfer.credit.account.to_string(),
        amount: transfer.amount,
        currency: transfer.debit.currency.code(),
    }
}

fn tried(attempt: &Attempt) -> Try {
    Try {
        provider: attempt.provider.to_string(),
        name: attempt.name.clone(),
        started_ms: attempt.started_us / 1_000,
        ended_ms: attempt.ended_us / 1_000,
        ending: attempt.ending(),
        blame: attempt.blame(),
        status: attempt.status,
        chosen: attempt.is_chosen,
    }
}
