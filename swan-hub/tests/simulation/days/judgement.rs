//! What the journal says, against what must stand in it.

use std::collections::BTreeMap;

use swan_core::ledger::{Account, Detail, Entry};

use super::ask::Seen;
use super::auditor::{State, account, provider};
use super::prediction::End;

/// The charges and grants that a life has left in the journal.
#[derive(Debug, Default)]
pub(super) struct Left {
    charges: Vec<Charge>,
    grants: Vec<u128>,
}

#[derive(Debug)]
struct Charge {
    request: String,
    account: String,
    gross: i128,
    provider: Option<String>,
    /// Of provider, growth fund, treasury, burn.
    parts: [i128; 4],
}

impl Left {
    pub(super) fn observe(&mut self, entry: &Entry) {
        let group = &entry.group;
        let Detail::Charge(record) = &group.cause.detail else {
            let ids = group.transfers.iter().map(|transfer| transfer.id.as_u128());
            // Grants are the only transfers whose ids are small.
            self.grants.extend(ids.filter(|id| *id < 1 << 32));
            return;
        };
        let parts = [
            record.provider_share,
            record.growth_fund,
            record.treasury,
            record.burn,
        ];
        self.charges.push(Charge {
            request: group.cause.request.unwrap().to_string(),
            account: format!("{:?}", group.transfers[0].debit.account),
            gross: record.gross.pico(),
            provider: record.provider.map(|id| id.to_string()),
            parts: parts.map(|part| part.pico()),
        });
    }
}

impl State {
    /// A life has ended: with a crash, after which only the journal is left, or in good order.
    pub(super) fn judge(&mut self, left: Left, is_dead: bool) {
        for id in left.grants {
            match self.grants.get_mut(&id) {
                Some(grant) if !grant.is_there => {
                    grant.is_there = true;
                    self.sums.given[grant.account] += grant.amount;
                }
                other => {
                    let finding = format!("grant {id} was given, and it was {other:?}");
                    self.findings.push(finding);
                }
            }
        }
        let lost = self
            .grants
            .iter()
            .find(|(_, grant)| grant.was_told && !grant.is_there);
        if let Some((id, grant)) = lost {
            let finding = format!("grant {id} was told and lost: {grant:?}");
            self.findings.push(finding);
        }
        // What was asked for and not given never will be.
        self.grants.retain(|_, grant| grant.is_there);
        let mut charges = BTreeMap::<usize, Vec<Charge>>::new();
        for charge in left.charges {
            match self.book(&charge) {
                Some(tag) => charges.entry(tag).or_default().push(charge),
                None => self
                    .findings
                    .push(format!("nobody has delivered for {charge:?}")),
            }
        }
        let mut tries = BTreeMap::<usize, Vec<usize>>::new();
        for (number, one) in self.tries.iter().enumerate() {
            tries.entry(one.tag).or_default().push(number);
        }
        for (tag, tries) in tries {
            let charges = charges.remove(&tag).unwrap_or_default();
            self.judge_one(tag, &tries, &charges, is_dead);
        }
        for charge in charges.into_values().flatten() {
            self.findings
                .push(format!("nobody has asked for {charge:?}"));
        }
        self.begins_anew();
    }

    /// Adds a charge up. Answers for which request it is.
    fn book(&mut self, charge: &Charge) -> Option<usize> {
        let delivered = self.by_request.get(&charge.request)?;
        let by = |number: &&usize| {
            let who = provider(self.deliveries[**number].who).to_string();
            Some(who) == charge.provider
        };
        let delivery = &self.deliveries[*delivered.iter().find(by)?];
        let number = self.asked[delivery.tag].account;
        let is_right = charge.account == format!("{:?}", Account::Consumer(account(number)));
        let [share, fund] = [charge.gross * 95 / 100, charge.gross * 5 / 100];
        let (who, tag) = (delivery.who, delivery.tag);
        if charge.parts != [share, fund, 0, 0] || !is_right {
            self.findings.push(format!(
                "{charge:?} is not as it should be, for account {number}"
            ));
        }
        self.sums.taken[number] += charge.gross;
        self.sums.earned[who] += share;
        self.sums.fund += fund;
        Some(tag)
    }

    /// Whether what was charged for a request is what could be.
    fn judge_one(&mut self, tag: usize, tries: &[usize], charges: &[Charge], is_dead: bool) {
        let before = self.asked[tag].charged;
        let (mut amounts, mut free) = (Vec::new(), true);
        let mut all_seen = Vec::new();
        for number in tries {
            let seen = self.tries[*number].seen.lock().clone();
            let allowed = self.allowed(*number, &seen, is_dead);
            amounts.extend(&allowed.amounts);
            free &= allowed.free;
            self.counts.exact += u64::from(allowed.is_exact());
            self.counts.whole += u64::from(seen.is_whole());
            self.counts.cut += u64::from(self.tries[*number].end == End::Open);
            self.check_words(tag, &seen);
            all_seen.push(seen);
        }
        let gross = match (before, charges) {
            (before, []) => before,
            (None, [one]) => Some(one.gross).filter(|gross| {
                let is_possible = amounts.contains(gross);
                if !is_possible {
                    self.findings.push(format!(
                        "{tag}: charged {gross}, possible are {amounts:?}, {all_seen:?}"
                    ));
                }
                is_possible
            }),
            (before, more) => {
                self.findings.push(format!(
                    "{tag} is charged again, {before:?} before: {more:?}"
                ));
                before
            }
        };
        self.counts.charged += u64::from(before.is_none() && gross.is_some());
        if gross.is_none() && !free {
            self.findings.push(format!(
                "{tag}: seen and not charged, possible are {amounts:?}: {all_seen:?}"
            ));
        }
        for seen in &all_seen {
            let was_told = seen.cost.filter(|_| seen.is_whole());
            if was_told.is_some() && was_told != gross {
                self.findings
                    .push(format!("{tag}: charged {gross:?}, told: {seen:?}"));
            }
            if seen.code == "idempotency_outcome_lost" && gross.is_none() {
                self.findings
                    .push(format!("{tag}: told to be charged and not: {seen:?}"));
            }
        }
        self.asked[tag].charged = gross;
    }

    /// Nobody sees more than was said, nor less of what came whole.
    fn check_words(&mut self, tag: usize, seen: &Seen) {
        let delivered = &self.asked[tag].deliveries;
        let mut delivered = delivered.iter().map(|number| &self.deliveries[*number]);
        let is_so = delivered.any(|delivery| {
            // A head that goes out before somebody serves names nobody.
            let is_its = delivery.request == seen.request
                && (seen.provider.is_empty()
                    || provider(delivery.who).to_string() == seen.provider);
            let is_cut = seen.is_whole() && seen.words != delivery.plan.words;
            is_its && (delivery.is_disturbed || seen.words <= delivery.said && !is_cut)
        });
        if seen.words > 0 && !is_so {
            self.findings
                .push(format!("{tag}: nobody has said {seen:?}"));
        }
    }
}
