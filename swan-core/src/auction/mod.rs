//! Jobs by sealed-bid reverse auction: who asks least, weighed by reputation, gets the job.
//!
//! Source: Seed 003, "Computing Jobs Auction Engine", which names competitive bidding, the best rates and performance, the
//! winning bid as the provider's income and the market provider's commission. How bids are sealed, how reputation weighs,
//! how ties break and what the winner is paid are policy values of our own; the seeds give none.

mod award;
mod bid;
mod book;
mod rules;
pub(crate) mod section;
mod settlement;
mod state;

pub use award::{Award, AwardRule, Bid, ReverseAuction};
pub use bid::{BidRefusal, Commitment};
pub use book::{Auction, Job, SettleError};
pub use rules::{AuctionRules, CommissionFrom, Payment};
pub use settlement::{Forfeiture, Settlement};
pub use state::{AuctionEvent, AuctionState};
