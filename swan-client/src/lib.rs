#![doc = include_str!("../README.md")]

mod body;
mod builder;
mod call;
mod chat;
mod client;
mod error;
mod metadata;
mod models;
mod options;
mod reply;
mod retry;
mod stream;
mod transport;
mod watched;

#[cfg(feature = "mock")]
pub mod mock;

// The public interface.
pub use builder::ClientBuilder;
pub use chat::Chat;
pub use client::Client;
pub use error::{ApiError, Error};
pub use metadata::{ConnectionMode, Metadata, RateLimit};
pub use models::Models;
pub use reply::Reply;
pub use retry::{RetryBudget, RetryPolicy};
pub use stream::ChatStream;
pub use transport::{Body, HttpTransport, TransportError, TransportErrorKind};

// The types of requests and answers, so that an app needs no other crate of the family.
pub use swan_core::openai;
pub use swan_core::{Amount, Currency};
