//! The table `[price_feed]`: sources that are asked over HTTP what a SWAN is worth.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use swan_core::{Amount, ExchangeRate};

use super::layers::set;
use super::{Config, ExternalHeader, key_file};
use crate::error::ConfigError;
use crate::price_feed::{FeedSource, PriceFeedError, PriceFeedOptions, SOURCES_MAX};

/// Who tells what a SWAN is worth, and how far it is believed. Without sources there is no feed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PriceFeedSettings {
    /// Who is asked.
    pub sources: Vec<PriceFeedSource>,
    /// The lowest price that is believed, in US dollars.
    pub min: Option<ExchangeRate>,
    /// The highest.
    pub max: Option<ExchangeRate>,
    /// How many sources must agree; more than half of them, unless said.
    pub quorum: Option<usize>,
    /// How often they are asked.
    pub poll: Option<Duration>,
    /// How long each has for its answer.
    pub answer_within: Option<Duration>,
    /// How long a rate may be used.
    pub max_age: Option<Duration>,
    /// The most of an answer that is read.
    pub body_bytes: Option<usize>,
    /// How far from the median a source agrees with it.
    pub spread_bps: Option<u32>,
    /// How far from the last rate the next one may be unconfirmed.
    pub max_step_bps: Option<u32>,
    /// How many further polls must confirm one that is further away.
    pub confirm_polls: Option<u32>,
}

/// A source of the price.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PriceFeedSource {
    /// What it is called in records, figures and log lines.
    pub name: String,
    /// What is asked; it may have a query, and is never logged.
    pub url: String,
    /// Where the price stands in the answer: a JSON pointer such as `/data/0/last`.
    pub pointer: String,
    /// Where the time of the price stands, in seconds or milliseconds since 1970.
    #[serde(default)]
    pub time_pointer: Option<String>,
    /// The environment variable that holds its key.
    #[serde(default)]
    pub key_env: Option<String>,
    /// The file that holds its key, readable by its owner and group only.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// The header that carries the key; without one it goes as `Authorization: Bearer`.
    #[serde(default)]
    pub key_header: Option<String>,
    /// Headers that go with every question: texts, or `{ env = "NAME" }`.
    #[serde(default)]
    pub headers: BTreeMap<String, ExternalHeader>,
    /// Certificates in PEM that are trusted in the place of the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

/// The table of one layer.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PriceFeedLayer {
    sources: Option<Vec<PriceFeedSource>>,
    min: Option<Amount>,
    max: Option<Amount>,
    quorum: Option<usize>,
    poll_ms: Option<u64>,
    answer_ms: Option<u64>,
    max_age_secs: Option<u64>,
    body_bytes: Option<u64>,
    spread_bps: Option<u64>,
    max_step_bps: Option<u64>,
    confirm_polls: Option<u64>,
}

/// A key, what the layer says, what is allowed, and what is expected.
type Bounded = (&'static str, Option<u64>, u64, u64, &'static str);

impl PriceFeedLayer {
    pub(super) fn lay_over(self, feed: &mut PriceFeedSettings) -> Result<(), ConfigError> {
        self.bound()?;
        for (key, target, usd) in [
            ("price_feed.min", &mut feed.min, self.min),
            ("price_feed.max", &mut feed.max, self.max),
        ] {
            let Some(usd) = usd else { continue };
            let rate = ExchangeRate::usd_per_swan(usd);
            *target = Some(rate.map_err(|_| wrong(key, usd.to_string(), A_PRICE))?);
        }
        set(&mut feed.sources, self.sources);
        let millis = |ms: Option<u64>| ms.map(Duration::from_millis);
        let narrow = |number: Option<u64>| number.and_then(|number| u32::try_from(number).ok());
        feed.quorum = self.quorum.or(feed.quorum);
        feed.poll = millis(self.poll_ms).or(feed.poll);
        feed.answer_within = millis(self.answer_ms).or(feed.answer_within);
        feed.max_age = self.max_age_secs.map(Duration::from_secs).or(feed.max_age);
        let bytes = self
            .body_bytes
            .and_then(|bytes| usize::try_from(bytes).ok());
        feed.body_bytes = bytes.or(feed.body_bytes);
        feed.spread_bps = narrow(self.spread_bps).or(feed.spread_bps);
        feed.max_step_bps = narrow(self.max_step_bps).or(feed.max_step_bps);
        feed.confirm_polls = narrow(self.confirm_polls).or(feed.confirm_polls);
        Ok(())
    }

    fn bound(&self) -> Result<(), ConfigError> {
        let numbers: [Bounded; 7] = [
            (
                "price_feed.poll_ms",
                self.poll_ms,
                100,
                3_600_000,
                "100 to 3600000 milliseconds",
            ),
            (
                "price_feed.answer_ms",
                self.answer_ms,
                50,
                60_000,
                "50 to 60000 milliseconds",
            ),
            (
                "price_feed.max_age_secs",
                self.max_age_secs,
                1,
                86_400,
                "1 to 86400 seconds",
            ),
            (
                "price_feed.body_bytes",
                self.body_bytes,
                64,
                8 << 20,
                "64 to 8388608 bytes",
            ),
            (
                "price_feed.spread_bps",
                self.spread_bps,
                0,
                5_000,
                "0 to 5000 basis points",
            ),
            (
                "price_feed.max_step_bps",
                self.max_step_bps,
                1,
                100_000,
                "1 to 100000 basis points",
            ),
            (
                "price_feed.confirm_polls",
                self.confirm_polls,
                1,
                100,
                "1 to 100 polls",
            ),
        ];
        for (key, value, least, most, expected) in numbers {
            if let Some(value) = value.filter(|value| !(least..=most).contains(value)) {
                return Err(wrong(key, value.to_string(), expected));
            }
        }
        Ok(())
    }
}

const A_PRICE: &str = "a price above zero as a decimal string, such as \"0.015\"";

impl Config {
    /// Who tells what a SWAN is worth, with the secrets for which `variable` looks up what stands in the environment; `None` for a
    /// hub without a feed.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the key at fault.
    pub fn price_feed(
        &self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<PriceFeedOptions>, ConfigError> {
        let feed = &self.price_feed;
        if *feed == PriceFeedSettings::default() {
            return Ok(None);
        }
        if let Some(rate) = self.usd_per_swan {
            let expected = "either usd_per_swan or [price_feed]: a fixed rate must not stand in for a feed that is away";
            return Err(wrong("usd_per_swan", rate.to_string(), expected));
        }
        feed.resolve(&variable).map(Some)
    }
}

impl PriceFeedSettings {
    fn resolve(
        &self,
        variable: &impl Fn(&str) -> Option<String>,
    ) -> Result<PriceFeedOptions, ConfigError> {
        let count = self.sources.len();
        if !(1..=SOURCES_MAX).contains(&count) {
            let found = format!("{count} sources");
            return Err(wrong("price_feed.sources", found, "1 to 8 sources"));
        }
        let mut names = BTreeSet::new();
        for source in &self.sources {
            if !names.insert(&source.name) {
                let expected = "each source with a name of its own";
                return Err(wrong(
                    "price_feed.sources.name",
                    source.name.clone(),
                    expected,
                ));
            }
        }
        let sources = self.sources.iter();
        let sources = sources
            .map(|source| source.resolve(variable))
            .collect::<Result<_, _>>()?;
        let bound = |key, bound: Option<ExchangeRate>| {
            bound.ok_or_else(|| wrong(key, String::new(), A_PRICE))
        };
        let min = bound("price_feed.min", self.min)?;
        let max = bound("price_feed.max", self.max)?;
        if min > max {
            let expected = "no more than price_feed.max";
            return Err(wrong("price_feed.min", min.to_string(), expected));
        }
        let mut options = PriceFeedOptions::new(sources, min, max);
        if let Some(quorum) = self.quorum {
            if !(1..=count).contains(&quorum) {
                let expected = "at least 1, and no more than there are sources";
                return Err(wrong("price_feed.quorum", quorum.to_string(), expected));
            }
            options.quorum = quorum;
        }
        set(&mut options.poll, self.poll);
        set(&mut options.answer_within, self.answer_within);
        set(&mut options.max_age, self.max_age);
        set(&mut options.body_bytes, self.body_bytes);
        set(&mut options.spread_bps, self.spread_bps);
        set(&mut options.max_step_bps, self.max_step_bps);
        set(&mut options.confirm_polls, self.confirm_polls);
        if options.max_age < options.poll {
            let secs = options.max_age.as_secs().to_string();
            let expected = "at least price_feed.poll_ms";
            return Err(wrong("price_feed.max_age_secs", secs, expected));
        }
        Ok(options)
    }
}

impl PriceFeedSource {
    fn resolve(
        &self,
        variable: &impl Fn(&str) -> Option<String>,
    ) -> Result<FeedSource, ConfigError> {
        const A_POINTER: &str = "a JSON pointer such as \"/data/0/last\"";
        let pointer = |key, text: &String| {
            text.parse()
                .map_err(|_| wrong(key, text.clone(), A_POINTER))
        };
        let at = pointer("price_feed.sources.pointer", &self.pointer)?;
        let mut source = FeedSource::new(&self.name, &self.url, at);
        if let Some(text) = &self.time_pointer {
            source.time_pointer = Some(pointer("price_feed.sources.time_pointer", text)?);
        }
        source.ca_file.clone_from(&self.ca_file);
        for (header, value) in &self.headers {
            let value = match value {
                ExternalHeader::Text(text) => text.clone(),
                ExternalHeader::Variable { env } => {
                    from("price_feed.sources.headers.env", env, variable)?
                }
            };
            source.headers.insert(header.clone(), value);
        }
        if let Some(key) = self.key(variable)? {
            let (header, value) = match &self.key_header {
                Some(header) => (header.clone(), key),
                None => ("authorization".to_owned(), format!("Bearer {key}")),
            };
            source.headers.insert(header, value);
        }
        self.check(&source)?;
        Ok(source)
    }

    fn key(
        &self,
        variable: &impl Fn(&str) -> Option<String>,
    ) -> Result<Option<String>, ConfigError> {
        const KEY_FILE: &str = "price_feed.sources.key_file";
        match (&self.key_env, &self.key_file) {
            (Some(name), None) => from("price_feed.sources.key_env", name, variable).map(Some),
            (None, Some(path)) => key_file::read(KEY_FILE, path).map(Some),
            (Some(_), Some(path)) => {
                let path = path.display().to_string();
                Err(wrong(KEY_FILE, path, "either key_env or key_file"))
            }
            (None, None) => match &self.key_header {
                Some(header) => Err(wrong(
                    "price_feed.sources.key_header",
                    header.clone(),
                    "key_env or key_file beside it",
                )),
                None => Ok(None),
            },
        }
    }

    /// What the feed itself would refuse, by the key that is at fault. Neither the URL nor a header is shown: both may have a key.
    fn check(&self, source: &FeedSource) -> Result<(), ConfigError> {
        let name = self.name.clone();
        source.check().map_err(|error| match error {
            PriceFeedError::Names => wrong(
                "price_feed.sources.name",
                name,
                "1 to 32 letters, digits, '.', '_' and '-'",
            ),
            PriceFeedError::Url { .. } => wrong(
                "price_feed.sources.url",
                format!("of {name}"),
                "https://…, or http://… of a host of the private network; without a password before the host",
            ),
            PriceFeedError::Certificates { .. } => wrong(
                "price_feed.sources.ca_file",
                format!("of {name}"),
                "a file of certificates in PEM, or without it a system that trusts some",
            ),
            _ => wrong(
                "price_feed.sources.headers",
                format!("of {name}"),
                "names and values that can be sent",
            ),
        })
    }
}

fn from(
    key: &'static str,
    name: &str,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<String, ConfigError> {
    variable(name)
        .map(|value| value.trim_end_matches(['\r', '\n']).to_owned())
        .filter(|value| !value.is_empty())
        .ok_or_else(|| {
            let expected = "the name of an environment variable that is set";
            wrong(key, name.to_owned(), expected)
        })
}

fn wrong(key: &'static str, value: String, expected: &'static str) -> ConfigError {
    ConfigError::Value {
        key,
        value,
        expected,
    }
}
