//! The free tier (Seed 001, "Free Tier"): two small models, 50,000 tokens a day, 5 requests a minute, one at a time.
//!
//! Each account has a [`FreeTier`], which sets aside the worst case of a request before it runs and counts what it really
//! used; a [`FreeTierBook`] keeps those of all accounts and forgets the idle. Both are told the time.
//!
//! ```
//! use swan_core::free_tier::{FreeTierBook, Limit};
//! use swan_core::{AccountId, Policy, Timestamp};
//!
//! let policy = Policy::swan_2_0();
//! let model = &policy.model("qwen3:8b").ok_or("no such model")?.id;
//! let (mut book, account) = (FreeTierBook::new(1_000), AccountId::from_u128(1));
//! let now = Timestamp::from_millis(1_700_000_000_000);
//!
//! let pass = book.admit(&policy, now, account, model, 3_000)?;
//! let refused = book.admit(&policy, now, account, model, 3_000).unwrap_err();
//! assert_eq!(refused.limit(), Limit::Concurrency);
//! assert_eq!(book.settle(pass, 1_250)?, 1_250);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod account;
mod book;
mod pass;
mod refused;
pub(crate) mod section;

pub use account::FreeTier;
pub use book::FreeTierBook;
pub use pass::{FreePass, PassError};
pub use refused::{Limit, Refused};
pub use section::{FreeTierRules, Registration};
