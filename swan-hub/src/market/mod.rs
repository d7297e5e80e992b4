//! The market under `/api/v1`: what anybody may read, and accounts for those who take part (public-swan.md 2.2 and 2.3).

mod accounts;
mod admin;
mod admin_accounts;
mod admin_collateral;
mod admin_deposits;
mod admin_keys;
mod admin_topups;
mod attempts;
mod billing;
mod catalogue;
mod chain_deposits;
mod change_password;
mod chosen;
mod collateral;
mod demand;
mod deposits;
mod derived;
mod described;
mod described_accounts;
mod described_admin;
mod described_billing;
mod described_collateral;
mod described_deposits;
mod described_payouts;
mod described_shapes;
mod described_topups;
mod exact;
mod exchange_rate;
mod fields;
mod figures;
mod identity;
mod keys;
mod low_balance;
mod me;
mod once;
mod options;
mod passwords;
mod payouts;
mod presence;
mod provider_explain;
mod provider_me;
mod provider_payment;
mod provider_statement;
mod query;
mod reply;
mod rows;
mod shown_collateral;
mod shown_withdrawal;
mod snapshot;
mod statistics;
mod throttle;
mod topups;
mod upgrade;
mod wallet;
mod webhook;

pub(crate) use admin::LimitsShape;
pub use options::{MarketOptions, Signup};
pub(crate) use presence::watch;

use once::Acts;

/// A wallet's address with its checksum, if that is one.
#[cfg(feature = "chain")]
pub(crate) fn wallet_address(text: &str) -> Option<String> {
    wallet::address(text).ok()
}

use crate::openapi::Routes;
use crate::payouts::Payouts;
use crate::settings::Current;

/// What the market keeps beside the hub's own state.
#[derive(Debug)]
pub(crate) struct Market {
    attempts: attempts::Attempts,
    /// Held while a user, a profile or the limits of a key are read, changed and written.
    changing: tokio::sync::Mutex<()>,
    /// Held while an owner's keys are counted and one is added; taken after `changing` where both are.
    issuing: tokio::sync::Mutex<()>,
    passwords: passwords::Passwords,
    attendance: presence::Attendance,
    latest: snapshot::Latest,
    /// Who reads the journal for somebody outside.
    pub(crate) readers: crate::documents::Readers,
    pub(crate) payouts: Payouts,
}

impl Market {
    pub(crate) fn new(payouts: Payouts) -> Self {
        Self {
            attempts: attempts::Attempts::default(),
            changing: tokio::sync::Mutex::default(),
            issuing: tokio::sync::Mutex::default(),
            passwords: passwords::Passwords::default(),
            attendance: presence::Attendance::default(),
            latest: snapshot::Latest::default(),
            readers: crate::documents::Readers::default(),
            payouts,
        }
    }
}

/// The routes of the market.
pub(crate) fn routes(hub: &Current) -> Routes<Current> {
    Routes::new()
        .add(described::models(), catalogue::models)
        .add(described::catalog(), catalogue::catalog)
        .add(described::model(), catalogue::model)
        .add(described::model_providers(), catalogue::providers)
        .add(described::files(), catalogue::files)
        .add(described::network(), figures::network)
        .add(described::leaderboard(), figures::leaderboard)
        .add(described::gpu(), figures::gpu)
        .add(described::utilization(), figures::utilization)
        .add(described::demand(), figures::demand)
        .add(described::summary(), figures::summary)
        .add(described::health(), figures::health)
        .add(described::contract(), figures::contract)
        .merge(account_routes())
        .merge(admin_routes())
        .merge(payment_routes())
        .merge(collateral_routes())
        .merge(deposit_routes())
        .merge(acts(hub))
        .merge(collateral_acts(hub))
}

/// The routes for administrators.
fn admin_routes() -> Routes<Current> {
    use described_admin as said;
    Routes::new()
        .add(said::keys(), admin_keys::list)
        .add(said::key(), admin_keys::show)
        .add(said::change_key(), admin_keys::change)
        .add(said::revoke_key(), admin_keys::revoke)
        .add(said::account(), admin_accounts::show)
        .add(said::account_limits(), admin_accounts::limits)
        .add(said::limit_account(), admin_accounts::limit)
        .add(said::growth_fund(), provider_statement::fund)
        .add(said::exchange_rate(), exchange_rate::show)
        .add(described_payouts::all(), payouts::all)
}

/// The routes of payments by card, but for what is done once.
fn payment_routes() -> Routes<Current> {
    use described_topups as said;
    Routes::new()
        .add(said::topups(), topups::list)
        .add(said::topup(), topups::show)
        .add(described_billing::show(), billing::show)
        .add(described_billing::change(), billing::change)
        .add(said::low_balance(), low_balance::show)
        .add(said::change_low_balance(), low_balance::change)
        .add(said::admin_low_balance(), low_balance::show_any)
        .add(said::change_admin_low_balance(), low_balance::change_any)
        .add(said::admin_topup(), admin_topups::show)
        .add(said::webhook(), webhook::receive)
}

/// What is read of collateral.
fn collateral_routes() -> Routes<Current> {
    use described_collateral as said;
    Routes::new()
        .add(said::show("/v1/provider/collateral"), collateral::show)
        .add(said::show("/api/v1/provider/collateral"), collateral::show)
        .add(said::admin_show(), admin_collateral::show)
}

/// What is done with collateral.
fn collateral_acts(hub: &Current) -> Routes<Current> {
    use described_collateral as said;
    Acts::new(hub)
        .add(said::deposit(), collateral::deposit)
        .add(said::withdraw(), collateral::withdraw)
        .add(said::cancel(), collateral::cancel)
        .add(said::appeal(), collateral::appeal)
        .add(said::grant(), admin_collateral::grant)
        .add(said::penalise(), admin_collateral::penalise)
        .add(said::decide(), admin_collateral::decide)
        .add(said::lock(), admin_collateral::lock)
        .add(said::unlock(), admin_collateral::unlock)
        .routes()
}

/// The routes of deposits on a chain, but for what is done once.
fn deposit_routes() -> Routes<Current> {
    use described_deposits as said;
    Routes::new()
        .add(said::instructions(), deposits::instructions)
        .add(said::list(), deposits::list)
        .add(said::show(), deposits::show)
        .add(said::all(), admin_deposits::all)
}

/// The routes for those who take part.
fn account_routes() -> Routes<Current> {
    use described_accounts as said;
    Routes::new()
        .add(said::me(), me::me)
        .add(said::change_password(), change_password::change)
        .add(said::keys(), keys::list)
        .add(said::revoke_key(), keys::revoke)
        .add(said::profile(), provider_me::show)
        .add(said::change_profile(), provider_me::change)
        .add(said::own_stats(), provider_me::stats)
        .add(said::history(), provider_me::history)
        .add(said::details(), provider_me::details)
        .add(said::provider_statement(), provider_statement::statement)
        .add(said::provider_explain(), provider_explain::explain)
        .add(described_payouts::payment(), provider_payment::show)
        .add(
            described_payouts::change_payment(),
            provider_payment::change,
        )
        .add(described_payouts::list(), payouts::list)
        .add(described_payouts::show(), payouts::show)
}

/// All that is done by a POST.
fn acts(hub: &Current) -> Routes<Current> {
    use described_accounts as said;
    use described_admin as ordered;
    Acts::new(hub)
        .add(said::signup(), accounts::signup)
        .add(said::login(), accounts::login)
        .add(said::logout(), accounts::logout)
        .add(said::new_key(), keys::create)
        .add(said::new_provider_key(), keys::create_for_provider)
        .add(
            said::upgrade("/api/v1/consumer/upgrade-to-provider"),
            upgrade::upgrade,
        )
        .add(
            said::upgrade("/api/v1/user/upgrade-to-provider"),
            upgrade::upgrade,
        )
        .add(said::provider_signup(), upgrade::signup)
        .add(said::request_approval(), upgrade::request_approval)
        .add(ordered::new_key(), admin_keys::create)
        .add(ordered::new_account(), admin_accounts::create)
        .add(ordered::grant(), admin_accounts::grant)
        .add(described_topups::new_topup(), topups::create)
        .add(described_topups::refund(), admin_topups::refund)
        .add(described_deposits::assign(), admin_deposits::assign)
        .add(described_deposits::refuse(), admin_deposits::refuse)
        .add(described_payouts::request(), payouts::request)
        .add(described_payouts::cancel(), payouts::cancel)
        .add(described_payouts::credit(), payouts::credit)
        .add(described_payouts::paid(), payouts::paid)
        .add(described_payouts::failed(), payouts::failed)
        .routes()
}
