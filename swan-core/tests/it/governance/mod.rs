//! Stake, proposals, votes, new versions of the policy, rewards, and the records of it all.

mod execution;
mod proposals;
mod records;
mod rewards;
mod rules;
mod scenario;
mod stake;
mod states;
mod tally;
mod ubi;

use std::sync::OnceLock;
use std::time::Duration;

use swan_core::governance::{
    Action, Choice, Effect, Governance, GovernanceError, GovernanceRecord, ProposalId, ProposalKind,
};
use swan_core::split::RevenueWindow;
use swan_core::{AccountId, Amount, Day, Policy, PolicyChange, PolicyValue, Timestamp};

fn amount(text: &str) -> Amount {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

const ANN: AccountId = AccountId::from_u128(1);
const BEN: AccountId = AccountId::from_u128(2);
const CLEO: AccountId = AccountId::from_u128(3);
const DAN: AccountId = AccountId::from_u128(4);

const DAY: Duration = Duration::from_secs(86_400);
const HOUR: Duration = Duration::from_secs(3_600);
const MILLI: Duration = Duration::from_millis(1);

/// The built-in policy, read once: reading it takes longer than most of these tests.
fn swan_2_0() -> Policy {
    static POLICY: OnceLock<Policy> = OnceLock::new();
    POLICY.get_or_init(Policy::swan_2_0).clone()
}

/// A governance, its clock and its records.
struct Town {
    governance: Governance,
    now: Timestamp,
    records: Vec<GovernanceRecord>,
}

impl Town {
    /// Ann has 60,000 SWAN at stake, Ben 30,000, Cleo 10,000; Dan has none. It is 1 May 2026.
    fn new() -> Self {
        let mut town = Self::of(swan_2_0(), "2026-05-01");
        for (who, stake) in [(ANN, "60000"), (BEN, "30000"), (CLEO, "10000")] {
            town.stake(who, stake).unwrap();
        }
        town
    }

    /// Nobody has anything at stake yet.
    fn of(policy: Policy, today: &str) -> Self {
        Self {
            governance: Governance::new(policy).unwrap(),
            now: day(today).start(),
            records: Vec::new(),
        }
    }

    fn perform(&mut self, action: Action) -> Result<Effect, GovernanceError> {
        let record = self.governance.perform(self.now, action)?;
        self.records.push(record.clone());
        Ok(record.effect)
    }

    fn wait(&mut self, time: Duration) {
        self.now = self.now.after(time);
        self.catch_up();
    }

    /// Does what time alone has made due.
    fn catch_up(&mut self) {
        self.records
            .extend(self.governance.advance(self.now).unwrap());
    }

    fn stake(&mut self, by: AccountId, swan: &str) -> Result<Effect, GovernanceError> {
        let amount = amount(swan);
        self.perform(Action::Stake { by, amount })
    }

    fn unstake(&mut self, by: AccountId, swan: &str) -> Result<Effect, GovernanceError> {
        let amount = amount(swan);
        self.perform(Action::Unstake { by, amount })
    }

    fn propose(
        &mut self,
        by: AccountId,
        proposal: ProposalKind,
    ) -> Result<ProposalId, GovernanceError> {
        match self.perform(Action::Propose { by, proposal })? {
            Effect::Opened { id, .. } => Ok(id),
            other => panic!("{other:?}"),
        }
    }

    fn vote(
        &mut self,
        by: AccountId,
        id: ProposalId,
        choice: Choice,
    ) -> Result<Effect, GovernanceError> {
        self.perform(Action::Vote { by, id, choice })
    }

    fn execute(&mut self, id: ProposalId) -> Result<Effect, GovernanceError> {
        self.perform(Action::Execute { id })
    }

    /// A proposal of Ann's that everybody is for, at the end of its delay.
    fn passed(&mut self, by: AccountId, proposal: ProposalKind) -> ProposalId {
        let id = self.propose(by, proposal).unwrap();
        for who in [ANN, BEN, CLEO] {
            self.vote(who, id, Choice::Yes).unwrap();
        }
        self.wait(7 * DAY);
        self.wait(48 * HOUR);
        id
    }

    /// A window in which each of the last 30 days had this revenue.
    fn revenue(&self, usd_per_day: &str) -> RevenueWindow {
        let today = self.now.day();
        let mut window = RevenueWindow::new(30);
        for back in 1..=30 {
            let day = Day::from_days(today.as_days() - back);
            window.report(day, amount(usd_per_day), today).unwrap();
        }
        window
    }
}

fn change(key: &str, value: impl Into<PolicyValue>) -> ProposalKind {
    let changes = vec![PolicyChange::new(key, value)];
    ProposalKind::Parameters { changes }
}

fn discount(bps: i64) -> ProposalKind {
    change("payment.swan_discount_bps", bps)
}
