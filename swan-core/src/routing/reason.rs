use std::fmt;

use serde::Serialize;

use crate::standing::NotRouted;

/// Why a candidate was chosen, or was not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// It gets the request.
    Chosen,
    /// It could have served, and another was drawn or did better.
    NotPreferred,
    /// It could serve, but only gets the probe share and what nobody else can take.
    Deprioritised,
    /// Its standing keeps it out of routing (Seed 001, "Slashing Conditions").
    Excluded {
        /// What its standing says.
        why: NotRouted,
    },
    /// It has had this request before.
    Tried,
    /// As much is under way as it takes at once.
    Full {
        /// Requests under way.
        in_flight: u32,
        /// Requests that it takes.
        capacity: u32,
    },
    /// It takes nothing new.
    Draining,
    /// Its breaker is open.
    BreakerOpen,
    /// As much has been asked of it as may be for now, by its account's limits or its own word.
    Limited,
    /// It fails far more often than the others.
    Ejected,
    /// It serves another model.
    OtherModel,
    /// Its model does something else.
    Modality,
    /// Its program does not take this kind of request.
    Operation,
    /// Prompt and answer do not fit its window together (public record 3.9).
    ContextTooShort {
        /// Tokens that the request may need.
        needed: u64,
        /// Tokens that fit.
        window: u64,
    },
    /// It gives no answers of this length.
    AnswerTooLong {
        /// Tokens that were asked for.
        needed: u64,
        /// Tokens that it gives at most.
        most: u64,
    },
    /// It is not the provider that the request is pinned to.
    NotPinned,
    /// `provider.only` names others.
    NotInOnly,
    /// `provider.ignore` names it.
    Ignored,
    /// `provider.order` does not name it, and fallbacks are not allowed.
    NotInOrder,
    /// It does not promise what `provider.data_collection` or `provider.zdr` asks for.
    DataPolicy,
    /// It costs more than `provider.max_price`, or does not say what it costs.
    PriceAboveCap,
    /// Its weights are stored in another way than `provider.quantizations` allows.
    Precision,
    /// It does not declare every parameter of the request, which `provider.require_parameters` asks for.
    Parameters,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Chosen => "chosen",
            Self::NotPreferred => "another was preferred",
            Self::Deprioritised => "de-prioritised: only gets probes and what nobody else takes",
            Self::Excluded { why } => return write!(f, "gets no requests: {why}"),
            Self::Tried => "has had this request before",
            Self::Full {
                in_flight,
                capacity,
            } => return write!(f, "full: {in_flight} of {capacity} under way"),
            Self::Draining => "draining",
            Self::BreakerOpen => "its circuit breaker is open",
            Self::Limited => "its limit of requests or tokens is reached for now",
            Self::Ejected => "fails far more often than the others",
            Self::OtherModel => "serves another model",
            Self::Modality => "its model does something else",
            Self::Operation => "its program does not take this kind of request",
            Self::ContextTooShort { needed, window } => {
                return write!(
                    f,
                    "needs {needed} tokens of context, its window has {window}"
                );
            }
            Self::AnswerTooLong { needed, most } => {
                return write!(f, "answers have at most {most} tokens, asked for {needed}");
            }
            Self::NotPinned => "the request is pinned to another",
            Self::NotInOnly => "provider.only names others",
            Self::Ignored => "provider.ignore names it",
            Self::NotInOrder => "provider.order does not name it, and fallbacks are not allowed",
            Self::DataPolicy => "does not promise the data policy that was asked for",
            Self::PriceAboveCap => "costs more than provider.max_price, or names no price",
            Self::Precision => "its quantization is not among provider.quantizations",
            Self::Parameters => "does not declare every parameter of the request",
        };
        f.write_str(text)
    }
}

/// Why nobody gets a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, thiserror::Error)]
#[serde(tag = "nobody", rename_all = "snake_case")]
#[non_exhaustive]
pub enum NoRoute {
    /// There is no candidate at all.
    #[error("nobody serves the model")]
    Nobody,
    /// There are candidates, but none that may serve this request; the reason is that of most.
    #[error("none of {candidates} providers may serve the request, most of them because: {most}")]
    NoneEligible {
        /// How many there are.
        candidates: usize,
        /// Why most of them may not.
        most: Reason,
    },
    /// Everybody who may serve it has had it.
    #[error("every provider that may serve the request has been tried")]
    AllTried,
    /// Everybody who may serve it is full, draining or held off; the reason is that of most.
    #[error(
        "every provider that may serve the request is busy or unwell, most of them because: {most}"
    )]
    Saturated {
        /// Why most of them cannot.
        most: Reason,
    },
}
