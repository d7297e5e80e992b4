//! One record in the form in which it is kept. Its own type, so that a change of the hub's records never changes the meaning
//! of what a store holds: fields are added at the end, and the version byte goes up.

use serde::{Deserialize, Serialize};
use swan_core::health::{Blame, Ending};
use swan_core::ledger::UsageBasis;
use swan_core::{
    AccountId, Amount, Currency, KeyId, ModelId, PolicyStamp, ProviderId, RequestId, Usage,
};

use super::priced::Priced;
use crate::events::{AttemptRecord, Outcome, RequestRecord};
use crate::providers::ConnectionMode;
use crate::receipts::Attested;

/// What is kept of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Generation {
    pub(crate) request: RequestId,
    pub(crate) operation: String,
    pub(crate) account: Option<AccountId>,
    pub(crate) key: Option<KeyId>,
    pub(crate) model: Option<ModelId>,
    pub(crate) streaming: bool,
    pub(crate) outcome: KeptOutcome,
    pub(crate) error: Option<String>,
    pub(crate) usage: Option<[u64; 5]>,
    pub(crate) basis: Option<KeptBasis>,
    pub(crate) charge: Amount,
    pub(crate) is_swan: bool,
    /// In hundredths of a percent.
    pub(crate) discount: u16,
    pub(crate) policy: Option<PolicyStamp>,
    pub(crate) duration_us: u64,
    pub(crate) first_content_us: Option<u64>,
    pub(crate) attempts: Vec<Attempt>,
    /// Written after the records of its chunk, so that those of earlier versions are read as they are.
    #[serde(skip)]
    pub(crate) priced: Priced,
    /// Written after those prices, for the few who have one.
    #[serde(skip)]
    pub(crate) attested: Option<Box<Attested>>,
}

/// One attempt. Times are counted from the first byte of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) provider: ProviderId,
    pub(crate) name: String,
    pub(crate) is_external: bool,
    pub(crate) started_us: u64,
    pub(crate) first_byte_us: Option<u64>,
    pub(crate) first_content_us: Option<u64>,
    pub(crate) ended_us: u64,
    pub(crate) ending: u8,
    pub(crate) status: Option<u16>,
    pub(crate) is_hedge: bool,
    pub(crate) is_chosen: bool,
}

/// The order of the variants is part of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum KeptOutcome {
    Completed,
    Broken,
    Abandoned,
    Failed,
    Replayed,
    Quoted,
}

/// The order of the variants is part of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum KeptBasis {
    Reported,
    Bounded,
    Estimated,
    Measured,
}

impl From<&RequestRecord> for Generation {
    fn from(record: &RequestRecord) -> Self {
        let usage = |usage: Usage| {
            [
                usage.prompt_tokens,
                usage.cached_tokens,
                usage.completion_tokens,
                usage.images,
                usage.audio_ms,
            ]
        };
        Self {
            request: record.request,
            operation: record.operation.as_str().to_owned(),
            account: record.account,
            key: record.key,
            model: record.model.clone(),
            streaming: record.streaming,
            outcome: record.outcome.into(),
            error: record.error.clone(),
            usage: record.usage.map(usage),
            basis: record.basis.map(KeptBasis::from),
            charge: record.charge,
            is_swan: record.currency == Currency::Swan,
            discount: record.discount.get(),
            policy: record.policy.clone(),
            duration_us: micros(record.duration),
            first_content_us: record.first_content.map(micros),
            attempts: record.attempts.iter().map(Attempt::from).collect(),
            priced: Priced::of(record),
            attested: record.attested.clone(),
        }
    }
}

impl From<&AttemptRecord> for Attempt {
    fn from(attempt: &AttemptRecord) -> Self {
        Self {
            provider: attempt.provider,
            name: attempt.name.to_string(),
            is_external: attempt.mode == ConnectionMode::External,
            started_us: micros(attempt.started),
            first_byte_us: attempt.first_byte.map(micros),
            first_content_us: attempt.first_content.map(micros),
            ended_us: micros(attempt.ended),
            ending: ending_number(attempt.ending),
            status: attempt.status,
            is_hedge: attempt.hedge,
            is_chosen: attempt.chosen,
        }
    }
}

fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

impl Generation {
    pub(crate) const fn currency(&self) -> Currency {
        match self.is_swan {
            true => Currency::Swan,
            false => Currency::Usd,
        }
    }

    pub(crate) fn usage(&self) -> Usage {
        let [prompt, cached, completion, images, audio_ms] = self.usage.unwrap_or_default();
        Usage {
            images,
            audio_ms,
            ..Usage::tokens(prompt, cached, completion)
        }
    }

    /// The attempt whose answer went out, or else the last one.
    pub(crate) fn decisive(&self) -> Option<&Attempt> {
        let chosen = self.attempts.iter().find(|attempt| attempt.is_chosen);
        chosen.or_else(|| self.attempts.last())
    }
}

impl Attempt {
    /// How it ended, as one word.
    pub(crate) fn ending(&self) -> &'static str {
        let known = ENDINGS.get(usize::from(self.ending));
        known.map_or("unknown", |(word, _)| word)
    }

    /// Whom that speaks against.
    pub(crate) fn blame(&self) -> Option<&'static str> {
        let (_, ending) = ENDINGS.get(usize::from(self.ending))?;
        let ending = match (ending, self.status) {
            (Ending::Status { .. }, Some(code)) => Ending::Status { code },
            (other, _) => *other,
        };
        Some(match ending.verdict().blame? {
            Blame::Consumer => "consumer",
            Blame::Provider => "provider",
            Blame::Hub => "hub",
        })
    }

    /// By what way it was reached.
    pub(crate) const fn mode(&self) -> &'static str {
        match self.is_external {
            true => ConnectionMode::External.as_str(),
            false => ConnectionMode::Websocket.as_str(),
        }
    }
}

/// The endings by their numbers, which are part of the format: new ones go at the end.
const ENDINGS: [(&str, Ending); 19] = [
    ("served", Ending::Served),
    ("content_filter", Ending::ContentFilter),
    ("status", Ending::Status { code: 0 }),
    ("unreachable", Ending::Unreachable),
    ("lost", Ending::Lost),
    ("no_first_byte", Ending::NoFirstByte),
    ("idle", Ending::Idle),
    ("too_long", Ending::TooLong),
    ("malformed", Ending::Malformed),
    ("cancelled", Ending::Cancelled),
    ("slow_consumer", Ending::SlowConsumer),
    ("too_large", Ending::TooLarge),
    ("unsupported", Ending::Unsupported),
    ("line_busy", Ending::LineBusy),
    ("draining", Ending::Draining),
    ("outrun", Ending::Outrun),
    ("hub_failed", Ending::HubFailed),
    ("unknown", Ending::HubFailed),
    ("refused_alone", Ending::RefusedAlone),
];

fn ending_number(ending: Ending) -> u8 {
    let same = |known: &Ending| std::mem::discriminant(known) == std::mem::discriminant(&ending);
    let place = ENDINGS.iter().position(|(_, known)| same(known));
    place
        .and_then(|place| u8::try_from(place).ok())
        .unwrap_or(17)
}

impl From<Outcome> for KeptOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Completed => Self::Completed,
            Outcome::Broken => Self::Broken,
            Outcome::Abandoned => Self::Abandoned,
            Outcome::Failed => Self::Failed,
            Outcome::Replayed => Self::Replayed,
            Outcome::Quoted => Self::Quoted,
        }
    }
}

impl KeptOutcome {
    pub(crate) const fn get(self) -> Outcome {
        match self {
            Self::Completed => Outcome::Completed,
            Self::Broken => Outcome::Broken,
            Self::Abandoned => Outcome::Abandoned,
            Self::Failed => Outcome::Failed,
            Self::Replayed => Outcome::Replayed,
            Self::Quoted => Outcome::Quoted,
        }
    }
}

impl From<swan_core::Basis> for KeptBasis {
    fn from(basis: swan_core::Basis) -> Self {
        match basis {
            swan_core::Basis::Reported => Self::Reported,
            swan_core::Basis::Bounded => Self::Bounded,
            swan_core::Basis::Measured => Self::Measured,
            _ => Self::Estimated,
        }
    }
}

impl KeptBasis {
    pub(crate) const fn get(self) -> UsageBasis {
        match self {
            Self::Reported => UsageBasis::Reported,
            Self::Bounded => UsageBasis::Bounded,
            Self::Estimated => UsageBasis::Estimated,
            Self::Measured => UsageBasis::Measured,
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Bounded => "bounded",
            Self::Estimated => "estimated",
            Self::Measured => "measured",
        }
    }
}

#[cfg(test)]
mod tests {
    use swan_core::health::Ending;

    use super::{ENDINGS, ending_number};

    #[test]
    fn every_ending_has_a_number_of_its_own() {
        for (number, (_, ending)) in (0..17).zip(ENDINGS) {
            assert_eq!(ending_number(ending), number);
        }
        assert_eq!(ending_number(Ending::Status { code: 503 }), 2);
    }
}
