use super::preferences::{Name, RoutePreferences};
use super::{Candidate, Offer, Reason};
use crate::protocol::Operation;
use crate::standing::RoutingClass;
use crate::{Modality, ModelId, ProviderId};

/// What a request needs of whoever serves it, and whom it asks for. The default needs nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "shells fill in what they know")]
pub struct RouteRequest<'a> {
    /// The model, where candidates of several stand together.
    pub model: Option<&'a ModelId>,
    /// What the model must do.
    pub modality: Option<Modality>,
    /// What is asked of it.
    pub operation: Option<&'a Operation>,
    /// The estimate of the prompt, in tokens.
    pub prompt_tokens: u64,
    /// The most tokens that the answer may have.
    pub answer_tokens: u64,
    /// The parameters that the request uses, for `require_parameters`.
    pub parameters: &'a [&'a str],
    /// Whom it is pinned to, if anybody.
    pub pin: Option<ProviderId>,
    /// Who has had it before.
    pub tried: &'a [ProviderId],
    /// What the consumer's `provider` object says.
    pub preferences: Option<&'a RoutePreferences>,
    /// What is kept together on one provider ([`AffinityKey`](super::AffinityKey)).
    pub affinity: Option<super::AffinityKey>,
}

impl RouteRequest<'_> {
    /// Why this provider may not serve the request, however idle it is; `None` when it may.
    ///
    /// What is not declared passes the request's own needs, which the provider will refuse itself if it must, but meets no
    /// demand of the consumer's: silence about data is no promise.
    #[must_use]
    pub fn ineligible(&self, candidate: &Candidate, offer: &Offer<'_>) -> Option<Reason> {
        if let RoutingClass::None(why) = candidate.class {
            return Some(Reason::Excluded { why });
        }
        if self.pin.is_some_and(|pin| pin != candidate.provider) {
            return Some(Reason::NotPinned);
        }
        self.unfit(offer)
            .or_else(|| refused(self.preferences?, self.parameters, candidate, offer))
            .or_else(|| {
                self.tried
                    .contains(&candidate.provider)
                    .then_some(Reason::Tried)
            })
    }

    /// What the request itself needs.
    fn unfit(&self, offer: &Offer<'_>) -> Option<Reason> {
        if let (Some(wanted), Some(model)) = (self.model, offer.model)
            && wanted != model
        {
            return Some(Reason::OtherModel);
        }
        if let (Some(wanted), Some(modality)) = (self.modality, offer.modality)
            && wanted != modality
        {
            return Some(Reason::Modality);
        }
        if let (Some(wanted), Some(operations)) = (self.operation, offer.operations)
            && !operations.contains(wanted)
        {
            return Some(Reason::Operation);
        }
        let needed = self.prompt_tokens.saturating_add(self.answer_tokens);
        match (offer.context_tokens, offer.max_output_tokens) {
            (Some(window), _) if needed > window => {
                Some(Reason::ContextTooShort { needed, window })
            }
            (_, Some(most)) if self.answer_tokens > most => Some(Reason::AnswerTooLong {
                needed: self.answer_tokens,
                most,
            }),
            _ => None,
        }
    }
}

/// What the consumer demands.
fn refused(
    preferences: &RoutePreferences,
    parameters: &[&str],
    candidate: &Candidate,
    offer: &Offer<'_>,
) -> Option<Reason> {
    let names = |list: &[Name]| {
        list.iter()
            .any(|name| name.means(candidate.provider, offer.name))
    };
    if names(preferences.ignore()) {
        return Some(Reason::Ignored);
    }
    if !preferences.only().is_empty() && !names(preferences.only()) {
        return Some(Reason::NotInOnly);
    }
    let order = preferences.order();
    if !order.is_empty() && !preferences.allows_fallbacks() && !names(order) {
        return Some(Reason::NotInOrder);
    }
    if !preferences.accepts_data(offer.data) {
        return Some(Reason::DataPolicy);
    }
    if !preferences.accepts_price(offer.price.as_ref()) {
        return Some(Reason::PriceAboveCap);
    }
    let levels = preferences.quantizations();
    if !levels.is_empty() && !levels.contains(&offer.quantization) {
        return Some(Reason::Precision);
    }
    let declared = |parameter: &&str| {
        offer
            .parameters
            .is_some_and(|declared| declared.contains(parameter))
    };
    (preferences.requires_parameters() && !parameters.iter().all(declared))
        .then_some(Reason::Parameters)
}
