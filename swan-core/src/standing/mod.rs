//! The standing of providers: who is let in, who gets requests, what failure and fraud cost, and how one appeals.
//!
//! Sources: Seed 001 (Quality Assurance, Provider Onboarding), Seed 003 (Slashing Mechanism), public record 2.3 and 3.9. All
//! numbers are values of the policy's `[standing]`.
//!
//! # The states
//!
//! Five states exclude each other, and each holds only the conditions that make sense in it, so that nobody is both removed and
//! de-prioritised:
//!
//! ```text
//!            benchmark passed + approved + funded, in any order
//!  joining ---------------------------------------------------> serving
//!   ^  ^ \                                                     /  ^
//!   |  |  '------------------- exit requested ----------------'   | exit cancelled
//!   |  |                              v                           |
//!   |  |                           exiting -----------------------'
//!   |  '---- registered again ---- left <--- exit finished, no penalty open
//!   '------- reinstated -------- removed <--- a penalty with removal is carried out, from any state
//! ```
//!
//! * **joining**: whether the first benchmark is wanted, running or passed, and whether an administrator approved. It shows as
//!   `registered`, `benchmarking` or `approved`. A failed first benchmark costs nothing: it is tried again (SIP-003, 2.2).
//! * **serving**: probation, suspension (by a penalty, by an administrator, for want of collateral, while a removal is held),
//!   disqualification (results expired, or away too much), and rates that are too low. These go together, and show as the
//!   gravest: `suspended`, `unqualified`, `deprioritised`, `probation`, `active`; [`Standing::conditions`] lists all.
//!
//! Penalties stand beside the states: who leaves is still punished for fraud, and leaves only when nothing is open.
//!
//! # While a penalty is held
//!
//! A penalty is held for the appeal window (48 hours) and then carried out; an appeal holds it until it is decided. Meanwhile
//!
//! * the **money** is set aside and nobody has it;
//! * a **suspension** runs from the start, since it protects consumers and ends by itself;
//! * a **removal** waits, and the provider gets no requests while it does. More failed benchmarks bring no further penalty then.
//!
//! Upheld, or undecided for too long, an appeal puts the standing where it would be without that penalty: the count of failures
//! goes down by one, unless a pass has reset it since, its suspension ends, and later failures of the same run move a step down.
//! Money that was carried out before that stays so; each penalty has its own appeal.

mod change;
mod condition;
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
mod windows;

pub use change::{Change, Notice, Refusal};
pub use condition::Condition;
pub use event::{Event, Measured, Stake};
pub use penalty::{AppealError, Final, Lift, Measure, Penalty, PenaltyEvent, PenaltyState};
pub use rate::Rate;
pub use routing::{NotRouted, RoutingClass};
pub use rules::StandingRules;
pub use slash::{Destination, Millionths, Slash};
pub use slashing::{Offence, PolicySlashing, SlashingPolicy};
pub use standing::Standing;
pub use state::StandingKind;
pub use windows::{Attempts, HubAway, Presence, UptimeWindow};
