//! Which sources tell what a SWAN is worth, and how far they are believed.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use swan_core::ExchangeRate;

use super::judge::Rules;
use super::pointer::Pointer;
use super::source::Source;

/// Which sources tell what a SWAN is worth, and how far they are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PriceFeedOptions {
    /// Who is asked, 1 to 8.
    pub sources: Vec<FeedSource>,
    /// How many of them must agree. More than half of them.
    pub quorum: usize,
    /// The lowest price that is believed.
    pub min: ExchangeRate,
    /// The highest price that is believed.
    pub max: ExchangeRate,
    /// How often they are asked. 30 s.
    pub poll: Duration,
    /// How long each has for its answer. 5 s.
    pub answer_within: Duration,
    /// How long a rate may be used; afterwards there is none. 300 s.
    pub max_age: Duration,
    /// The most of an answer that is read, in bytes. 256 KiB.
    pub body_bytes: usize,
    /// How far from the median a source agrees with it, in basis points. 300.
    pub spread_bps: u32,
    /// How far from the last rate the next one may be, in basis points, before further polls must confirm it. 1,000.
    pub max_step_bps: u32,
    /// How many further polls must confirm it. 3.
    pub confirm_polls: u32,
}

impl PriceFeedOptions {
    /// The usual with these sources, of which more than half must agree, and with these bounds on the price.
    #[must_use]
    pub fn new(sources: Vec<FeedSource>, min: ExchangeRate, max: ExchangeRate) -> Self {
        Self {
            quorum: sources.len() / 2 + 1,
            sources,
            min,
            max,
            poll: Duration::from_secs(30),
            answer_within: Duration::from_secs(5),
            max_age: Duration::from_secs(300),
            body_bytes: 256 << 10,
            spread_bps: 300,
            max_step_bps: 1_000,
            confirm_polls: 3,
        }
    }

    pub(super) const fn rules(&self) -> Rules {
        Rules {
            quorum: self.quorum,
            spread_bps: self.spread_bps,
            step_bps: self.max_step_bps,
            confirm_polls: self.confirm_polls,
        }
    }

    /// Whether both ask the same for the same, whatever they make of the answers.
    pub(super) fn asks_as(&self, other: &Self) -> bool {
        let asked = |source: &FeedSource| {
            let FeedSource {
                name, url, pointer, ..
            } = source.clone();
            (name, url, pointer)
        };
        self.sources
            .iter()
            .map(asked)
            .eq(other.sources.iter().map(asked))
    }

    pub(super) fn check(&self) -> Result<(), PriceFeedError> {
        let count = self.sources.len();
        if !(1..=SOURCES_MAX).contains(&count) {
            return Err(PriceFeedError::Sources);
        }
        let names: std::collections::BTreeSet<&str> = self
            .sources
            .iter()
            .map(|source| source.name.as_str())
            .collect();
        if names.len() != count || !names.iter().all(|name| is_name(name)) {
            return Err(PriceFeedError::Names);
        }
        if !(1..=count).contains(&self.quorum) {
            return Err(PriceFeedError::Quorum);
        }
        if self.min > self.max {
            return Err(PriceFeedError::Bounds);
        }
        if self.max_age < self.poll {
            return Err(PriceFeedError::MaxAge);
        }
        Ok(())
    }
}

impl FeedSource {
    /// Whether it can be asked as it is described.
    pub(crate) fn check(&self) -> Result<(), PriceFeedError> {
        if !is_name(&self.name) {
            return Err(PriceFeedError::Names);
        }
        Source::describe(self).map(|_| ())
    }
}

/// The most sources that are asked.
pub(crate) const SOURCES_MAX: usize = 8;

/// It is a label of figures, and stands on receipts' records.
fn is_name(name: &str) -> bool {
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=32).contains(&name.len()) && name.bytes().all(is_good)
}

/// Who tells what a SWAN is worth: where, and at which place of the answer.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FeedSource {
    /// What it is called: 1 to 32 letters, digits, `.`, `_` and `-`.
    pub name: String,
    /// What is asked: `https://`, or `http://` of a host of the private network.
    pub url: String,
    /// Where the price stands in the answer.
    pub pointer: Pointer,
    /// Where the time of the price stands, in seconds or milliseconds since 1970; it is that of the question, without.
    pub time_pointer: Option<Pointer>,
    /// What is sent along, such as a key.
    pub headers: BTreeMap<String, String>,
    /// Certificates in PEM that are trusted in the place of the system's.
    pub ca_file: Option<PathBuf>,
}

impl FeedSource {
    /// A source of this name, which answers at `url` with JSON that has the price at `pointer`.
    #[must_use]
    pub fn new(name: impl Into<String>, url: impl Into<String>, pointer: Pointer) -> Self {
        Self {
            name: name.into(),
            url: url.into(),
            pointer,
            time_pointer: None,
            headers: BTreeMap::new(),
            ca_file: None,
        }
    }
}

impl fmt::Debug for FeedSource {
    /// Without URL and headers, which may have keys in them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeedSource")
            .field("name", &self.name)
            .field("pointer", &self.pointer)
            .finish_non_exhaustive()
    }
}

/// Why sources cannot be asked as they are described.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PriceFeedError {
    /// There are none, or too many.
    #[error("a price feed has 1 to {SOURCES_MAX} sources")]
    Sources,
    /// A name is none, or stands twice.
    #[error(
        "each source of a price feed has a name of its own, of 1 to 32 letters, digits, '.', '_' and '-'"
    )]
    Names,
    /// Nobody or more than all must agree.
    #[error("at least one source of a price feed must agree, and no more than there are")]
    Quorum,
    /// No price lies between the bounds.
    #[error("the lowest price of a price feed is above the highest")]
    Bounds,
    /// A rate would be too old before the next one is asked for.
    #[error("a rate of a price feed may be used at least until the next one is asked for")]
    MaxAge,
    /// It is no URL, shows a password, or would be read in the clear over the open network.
    #[error(
        "the URL of the source {source_name} is https://…, or http://… of a host of the private network; without a password before the host"
    )]
    Url {
        /// Whose.
        source_name: String,
    },
    /// A header is none.
    #[error("a header of the source {source_name} is no header")]
    Header {
        /// Whose.
        source_name: String,
    },
    /// There are no certificates to trust.
    #[error("the source {source_name} cannot be reached by https: {why}")]
    Certificates {
        /// Whose.
        source_name: String,
        /// What went wrong.
        why: String,
    },
}
