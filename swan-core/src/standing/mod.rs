//! The standing of providers: who is let in, who gets requests, what failure and fraud cost, and how one appeals.
//!
//! Sources: Seed 001 (Quality Assurance, Provider Onboarding), Seed 003 (Slashing Mechanism), public record 2.3 and 3.9. All
//! numbers are values of the policy's `[standing]`.

mod change;
mod course;
mod court;
mod event;
mod justice;
mod penalty;
mod quality;
mod rate;
mod routing;
mod rules;
pub(crate) mod section;
mod slash;
mod slashing;
#[expect(
    clippy::module_inception,
    reason = "the standing is what this module is about"
)]
mod standing;
mod state;
mod time;

pub use change::{Change, Notice, Refusal};
pub use event::{Event, Measured, Stake};
pub use penalty::{AppealError, Final, Lift, Measure, Penalty, PenaltyEvent, PenaltyState};
pub use rate::Rate;
pub use routing::{NotRouted, RoutingClass};
pub use rules::StandingRules;
pub use slash::{Destination, Millionths, Slash};
pub use slashing::{Offence, PolicySlashing, Role, SlashingPolicy};
pub use standing::Standing;
pub use state::StandingKind;
