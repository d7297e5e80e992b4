//! What the request may take: of its key's and account's limits, and of the account's money or of the free tier. After
//! the quote, which says how much that is; before routing, so that nobody works for a request that may not be made.

use std::time::Duration;

use http::request::Parts;
use swan_core::protocol::Operation;
use swan_core::{Amount, ModelId, Terms};

use super::RequestError;
use super::authenticate::Consumer;
use super::hold::{self, HoldFailed};
use super::parse::Asked;
use super::quoted::Quoted;
use super::settle::Bill;
use super::slices::Covered;
use crate::admission::{FreeRun, Pass, Refused, check, origin};
use crate::hub::Shared;
use crate::ledger::Hold;

/// What pays for a request.
#[derive(Debug)]
pub(crate) enum Funds {
    /// Money that is set aside.
    Held {
        hold: Hold,
        /// How far it reaches, where it is not the worst case.
        covered: Option<Covered>,
    },
    /// The free tier.
    Free(FreeRun),
}

/// Whether the consumer may make a request of this kind now; takes a place and a request of its minute. Before the body
/// is read, which is the first thing that a request can cost.
pub(super) fn enter(
    hub: &Shared,
    request: &Parts,
    operation: &Operation,
    consumer: &Consumer,
    bill: &mut Bill,
) -> Result<(), Refused> {
    let Some(access) = &consumer.access else {
        return Ok(());
    };
    let address = || origin::of(request, &hub.settings.keys.trusted_proxies);
    let entered = check(access, address, operation, hub.clock.now())
        .and_then(|()| Pass::take(access, &hub.clock));
    bill.passed(entered.map_err(|refused| hub.desk.counted(refused))?);
    Ok(())
}

/// Sets aside what the request may use: tokens of the minute, of the spend cap, and of the account's money.
pub(super) async fn fund(
    hub: &Shared,
    bill: &mut Bill,
    consumer: &Consumer,
    asked: &Asked,
    quoted: &Quoted,
    deadline: Duration,
) -> Result<Funds, RequestError> {
    let mut only_free = false;
    let lasts = deadline.saturating_add(hold::GRACE);
    let covered = Covered::at_first(asked, quoted, &hub.limits, lasts);
    let amount = covered.map_or_else(
        || quoted.amount(),
        |covered| quoted.amount_of(covered.tokens()),
    );
    if let Some(pass) = bill.pass() {
        only_free = pass.is_free();
        let prompt = || hub.policy.metering().estimate(asked.text_bytes as u64);
        // Without a limit of its own a request is expected to have an answer as others lately.
        let most = quoted.work.max_output_tokens();
        let is_limited = most == 0 || asked.head.max_output_tokens().is_some();
        let answer = is_limited.then_some(most);
        let usd = in_usd(quoted.quote.terms(), amount);
        let mut models = models(quoted);
        let taken = models
            .try_for_each(|model| pass.check_model(&hub.policy, model.as_str()))
            .and_then(|()| pass.take_tokens(prompt, answer))
            .and_then(|()| match only_free {
                true => Ok(()),
                false => pass.hold_spend(usd),
            });
        taken.map_err(|refused| hub.desk.counted(refused))?;
    }
    if only_free {
        return free(hub, consumer, quoted, true).map(Funds::Free);
    }
    let expires = hub.clock.now().after(lasts);
    let held = hold::hold(
        hub,
        bill.request(),
        consumer,
        asked,
        quoted,
        (amount, expires),
    );
    match held.await {
        Ok(hold) => Ok(Funds::Held { hold, covered }),
        Err(short @ HoldFailed::InsufficientFunds { .. }) if may_be_free(hub, consumer, quoted) => {
            tracing::trace!(%short, "asking the free tier");
            free(hub, consumer, quoted, false).map(Funds::Free)
        }
        Err(error) => Err(error.into()),
    }
}

/// Every model that may serve the request.
fn models(quoted: &Quoted) -> impl Iterator<Item = &ModelId> {
    let others = quoted.others.iter().map(|other| &other.model);
    std::iter::once(&quoted.model).chain(others)
}

/// Whether a request that the account cannot pay is one for the free tier: funds that are on hold for other requests are
/// funds, and whoever asks for another model needs money.
fn may_be_free(hub: &Shared, consumer: &Consumer, quoted: &Quoted) -> bool {
    let rules = hub.policy.free_tier().ok();
    let is_free = rules.is_some_and(|rules| models(quoted).all(|one| rules.models().contains(one)));
    let balance = hub.books.balance(consumer.account, quoted.quote.currency());
    hub.settings.keys.free_tier && is_free && balance.debits_pending.is_zero()
}

fn free(
    hub: &Shared,
    consumer: &Consumer,
    quoted: &Quoted,
    only_free: bool,
) -> Result<FreeRun, RequestError> {
    let worst = quoted.quote.worst();
    let tokens = worst.prompt_tokens.saturating_add(worst.completion_tokens);
    // Of several models the one that is not free decides.
    let rules = hub.policy.free_tier().ok();
    let is_paid = |one: &&ModelId| rules.is_some_and(|rules| !rules.models().contains(one));
    let model = models(quoted).find(is_paid).unwrap_or(&quoted.model);
    let now = hub.clock.now();
    let admitted = hub
        .desk
        .free
        .admit(&hub.policy, now, consumer.account, model, tokens);
    admitted.map_err(|refused| {
        let refused = Box::new(refused);
        hub.desk
            .counted(Refused::Free { refused, only_free })
            .into()
    })
}

/// What `amount`, counted in the currency of these terms, is worth in US dollars, at the rate that priced it.
pub(super) fn in_usd(terms: &Terms, amount: Amount) -> Amount {
    let Some(rate) = terms.rate() else {
        return amount;
    };
    let usd = rate.rate().usd().pico().unsigned_abs();
    let one = Amount::PICO_PER_UNIT.unsigned_abs();
    // Beyond the largest amount of money every cap is passed.
    amount.scaled(usd, one).unwrap_or(Amount::MAX)
}
