//! A request with its price: for each model that may serve it, and for each place that has a price of its own.

use std::collections::VecDeque;

use swan_core::{
    Amount, ModelId, PayoutSplit, ProviderId, Quote, RevenueSplit as _, Split, Usage, Work,
};

use super::parse::Asked;
use crate::hub::Shared;

/// A request with its price.
#[derive(Debug)]
pub(crate) struct Quoted {
    /// The canonical name.
    pub(crate) model: ModelId,
    /// The most tokens that one choice may have.
    pub(crate) per_choice: u64,
    /// What is asked for, at its largest.
    pub(crate) work: Work,
    /// By the policy's price.
    pub(crate) quote: Quote,
    /// At endpoints of the hub that have a price of their own for the model.
    pub(super) own: Vec<(ProviderId, Quote)>,
    /// The models that the consumer takes in the place of this one, in his order.
    pub(super) others: VecDeque<Quoted>,
}

impl Quoted {
    /// The most that the request can cost, whoever serves it.
    pub(crate) fn amount(&self) -> Amount {
        let others = self.others.iter().map(Self::amount);
        let own = self.own.iter().map(|(_, quote)| quote.amount());
        others.chain(own).fold(self.quote.amount(), Amount::max)
    }

    /// What the request will use, about, and where the length of its answer comes from: `typical` of the model in the last
    /// day, `max`, or `exact`.
    pub(crate) fn expected(&self, asked: &Asked, hub: &Shared) -> (Usage, &'static str) {
        let metering = hub.policy.metering();
        let mut usage = metering.estimate_of(&self.work, asked.text_bytes as u64);
        usage.prompt_tokens = usage.prompt_tokens.min(self.quote.worst().prompt_tokens);
        let Work::Text { generated, .. } = self.work else {
            return (usage, "exact");
        };
        match hub.generations.typical(&self.model, hub.clock.now()) {
            Some(tokens) => {
                let tokens = tokens.saturating_mul(generated);
                usage.completion_tokens = usage.completion_tokens.min(tokens);
                (usage, "typical")
            }
            None => (usage, "max"),
        }
    }

    /// Whether `available` covers the request with so many tokens to a choice and a body of so many bytes.
    pub(super) fn covered_by(
        &self,
        available: Amount,
        (tokens, bytes): (u64, u64),
        hub: &Shared,
    ) -> bool {
        let work = self.work_of(tokens.min(self.per_choice));
        let worst = hub.policy.metering().worst_case_of(&work, bytes);
        let mut quotes = std::iter::once(&self.quote).chain(self.own.iter().map(|(_, own)| own));
        quotes.all(|quote| {
            let price = quote.terms().price(&worst);
            price.is_ok_and(|cost| cost <= available)
        }) && self
            .others
            .iter()
            .all(|other| other.covered_by(available, (tokens, bytes), hub))
    }

    /// The most tokens to a choice that any of the models may give.
    pub(super) fn most_per_choice(&self) -> u64 {
        let others = self.others.iter().map(Self::most_per_choice);
        others.fold(self.per_choice, u64::max)
    }

    /// The same work with that many tokens to a choice.
    fn work_of(&self, per_choice: u64) -> Work {
        match self.work {
            Work::Text {
                choices,
                generated,
                echoed_bytes,
                ..
            } => Work::Text {
                max_output_tokens: per_choice.saturating_mul(generated),
                choices,
                generated,
                echoed_bytes,
            },
            other => other,
        }
    }

    /// The quote of whoever serves.
    pub(super) fn quote_at(&self, at: Option<ProviderId>) -> &Quote {
        let own = self.own.iter().find(|(endpoint, _)| Some(*endpoint) == at);
        own.map_or(&self.quote, |(_, own)| own)
    }

    /// What `usage` costs where it was served, and who gets what of that.
    pub(super) fn charge(
        &self,
        at: Option<ProviderId>,
        usage: &Usage,
        hub: &Shared,
    ) -> (Amount, Split) {
        let quote = self.quote_at(at);
        // An error cannot be: the worst case had a price. The most that was agreed is the bound in any case.
        let cost = quote.terms().price(usage).unwrap_or(quote.amount());
        let split = match quote.terms().payout(usage) {
            Ok(Some(payout)) => PayoutSplit::new(payout, *hub.policy.split()).split(cost),
            // Without a price the charge is the bound, which has no payout of its own either.
            Ok(None) | Err(_) => hub.split.split(cost),
        };
        (cost, split)
    }

    /// The next model that the consumer takes, with those after it.
    pub(super) fn turn_to_next(&mut self) -> bool {
        let Some(mut next) = self.others.pop_front() else {
            return false;
        };
        next.others = std::mem::take(&mut self.others);
        *self = next;
        true
    }
}
