//! The commands of the `swan-hub` binary.

mod account;
mod admin;
mod audit;
mod dev;
mod key;
mod provider;
mod serve;
mod table;

pub use account::AccountArgs;
pub use admin::{AdminCommand, AdminError, Place, Terminal};
pub use audit::AuditArgs;
pub use key::{KeyArgs, KeyKindArg};
pub use provider::ProviderArgs;
