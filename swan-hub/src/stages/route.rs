//! Who serves the request. After the hold, so that nobody's capacity is taken by a request that cannot be paid.

use swan_core::routing::{Candidates as _, Decision, NoRoute, RouteRequest, explain, route};
use swan_core::{ModelId, ModelPrice, ProviderId};

use super::parse::Asked;
use crate::hub::Shared;
use crate::providers::{Nodes, Slot};

/// Why nobody serves the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum RouteError {
    #[error("no provider serves {model} at the moment")]
    NoProvider { model: ModelId },
    #[error("every provider of {model} is full or failing at the moment")]
    Saturated { model: ModelId },
    #[error("the provider {provider:?} cannot serve {model} now, and fallbacks are not allowed")]
    NoFallback { provider: String, model: ModelId },
    #[error("nobody who serves {model} may serve this request: {why}")]
    NoneEligible { model: ModelId, why: NoRoute },
    // OpenAI's words, since programs look for them.
    #[error(
        "This model's maximum context length is {window} tokens. However, you requested about {} tokens ({prompt} in the messages, {answer} in the completion). Please reduce the length of the messages or completion.",
        .prompt.saturating_add(*.answer)
    )]
    ContextLength {
        window: u64,
        prompt: u64,
        answer: u64,
    },
}

/// Why another provider serves than the one that was asked for; the header `X-Swan-Fallback-Reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FallbackReason {
    Unavailable,
    Failed,
}

impl FallbackReason {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Unavailable => "requested_provider_unavailable",
            Self::Failed => "requested_provider_failed",
        }
    }
}

/// Candidates that a trace names at most.
const TRACED: usize = 8;

/// Chooses who serves one request, and remembers who has tried.
#[derive(Debug)]
pub(crate) struct Router<'a> {
    hub: &'a Shared,
    model: &'a ModelId,
    pin: Option<&'a str>,
    allow_fallbacks: bool,
    /// What the request needs and asks for; pin, parameters and who has tried are put in at each choice.
    wants: RouteRequest<'a>,
    parameters: Vec<&'a str>,
    tried: Vec<ProviderId>,
    pin_tried: bool,
    /// Whether to say why, and the last decision.
    is_traced: bool,
    trace: Option<Box<Decision>>,
    pub(crate) fallback: Option<FallbackReason>,
}

impl<'a> Router<'a> {
    /// For `request`, each of whose choices may have `per_choice` tokens at most.
    pub(crate) fn new(
        hub: &'a Shared,
        model: &'a ModelId,
        request: &'a Asked,
        per_choice: u64,
    ) -> Self {
        // Without a limit of its own the request takes what room there is.
        let asked = request.head.max_output_tokens();
        let wants = RouteRequest {
            prompt_tokens: hub.policy.metering().estimate(request.text_bytes() as u64),
            answer_tokens: asked.map_or(0, |asked| asked.min(per_choice)),
            preferences: request.preferences.as_ref(),
            affinity: request.head.affinity,
            ..RouteRequest::default()
        };
        Self {
            hub,
            model,
            pin: request.pin.as_deref(),
            allow_fallbacks: request.allow_fallbacks,
            wants,
            parameters: request.parameters.iter().map(String::as_str).collect(),
            tried: Vec::new(),
            pin_tried: false,
            is_traced: request.trace,
            trace: None,
            fallback: None,
        }
    }

    /// The last decision, if the consumer wants to know, as JSON of visible ASCII: at most some 2 kB.
    pub(crate) fn take_trace(&mut self) -> Option<String> {
        serde_json::to_string(&*self.trace.take()?).ok()
    }

    /// Whether another may be tried after a failure: without fallbacks only those of an order, one after the other.
    pub(crate) fn may_retry(&self) -> bool {
        let ordered = |wants: &RouteRequest<'_>| {
            wants
                .preferences
                .is_some_and(|wishes| !wishes.order().is_empty())
        };
        self.allow_fallbacks || self.pin.is_none() && ordered(&self.wants)
    }

    /// Takes a place at an endpoint of the hub, after as many providers as are worth trying.
    pub(crate) fn last_resort(&self) -> Option<Slot> {
        self.endpoint()
    }

    /// Takes a place at the next provider, or at an endpoint of the hub when no provider is left.
    pub(crate) fn next(&mut self) -> Result<Slot, RouteError> {
        let nodes = self.hub.registry.candidates(self.model);
        if let Some(pin) = self.pin
            && !self.pin_tried
        {
            self.pin_tried = true;
            if let Some(slot) = self.pinned(pin, &nodes) {
                self.tried.push(slot.provider());
                return Ok(slot);
            }
            if !self.allow_fallbacks {
                return Err(RouteError::NoFallback {
                    provider: pin.to_owned(),
                    model: self.model.clone(),
                });
            }
            self.fallback = Some(FallbackReason::Unavailable);
        }
        let chosen = match self.choose(&nodes, None) {
            Ok(slot) => Ok(slot),
            Err(why) => self.endpoint().ok_or(why),
        };
        match chosen {
            Ok(slot) => {
                self.tried.push(slot.provider());
                Ok(slot)
            }
            Err(why) => Err(self.explained(why, &nodes)),
        }
    }

    /// Notes that the last slot failed, which names the reason when the pinned provider is left.
    pub(crate) fn failed(&mut self) {
        if self.pin.is_some() && self.fallback.is_none() {
            self.fallback = Some(FallbackReason::Failed);
        }
    }

    fn request(&self, pin: Option<ProviderId>) -> RouteRequest<'_> {
        RouteRequest {
            pin,
            parameters: &self.parameters,
            tried: &self.tried,
            ..self.wants
        }
    }

    fn choose(&mut self, nodes: &Nodes, pin: Option<ProviderId>) -> Result<Slot, NoRoute> {
        let mut rng = self.hub.rng();
        let rules = self.hub.policy.routing();
        let tried = self.tried.len();
        let strategy = &*self.hub.routing;
        let slot = loop {
            let request = self.request(pin);
            let position = if self.is_traced {
                let decision = explain(strategy, nodes, &request, rules, &mut rng, TRACED);
                let (position, nobody) = (decision.position, decision.nobody);
                self.trace = Some(Box::new(decision));
                position.ok_or(nobody.unwrap_or(NoRoute::Nobody))
            } else {
                route(strategy, nodes, &request, rules, &mut rng).map(|route| route.position)
            };
            let position = match position {
                Ok(position) => position,
                Err(why) => break Err(why),
            };
            let Some(chosen) = nodes.candidate(position) else {
                break Err(NoRoute::Nobody);
            };
            let request = self.request(pin);
            if let Some(slot) = nodes.take(position, &request) {
                break Ok(slot);
            }
            // It filled up or went away since it was looked at: passed over now, and not tried.
            self.tried.push(chosen.provider);
        };
        self.tried.truncate(tried);
        slot
    }

    fn pinned(&mut self, pin: &str, nodes: &Nodes) -> Option<Slot> {
        if let Some(provider) = self.hub.registry.find(pin) {
            return self.choose(nodes, Some(provider)).ok();
        }
        let mut endpoints = self.hub.external.iter();
        let endpoint = endpoints.find(|endpoint| &**endpoint.name() == pin)?;
        endpoint.connect_for(self.model, &self.request(None), self.price())
    }

    fn endpoint(&self) -> Option<Slot> {
        let (request, price) = (self.request(None), self.price());
        let mut endpoints = self.hub.external.iter();
        endpoints.find_map(|endpoint| endpoint.connect_for(self.model, &request, price))
    }

    /// What the model costs at an endpoint of the hub, which only wishes ask for.
    fn price(&self) -> Option<ModelPrice> {
        self.wants.preferences?;
        let name = self.model.as_str();
        let policy = &self.hub.policy;
        let listed = policy.model(name).map(|model| model.price);
        listed.or_else(|| Some(policy.classify(name).ok()?.price))
    }

    /// Why neither a provider nor an endpoint of the hub serves.
    fn explained(&self, why: NoRoute, nodes: &Nodes) -> RouteError {
        let model = self.model.clone();
        let (request, price) = (self.request(None), self.price());
        let endpoints = self.hub.external.iter();
        let mut endpoints = endpoints.filter(|endpoint| endpoint.serves(self.model));
        let refused = |endpoint: &crate::external::ExternalEndpoint| {
            endpoint.objection(self.model, &request, price)
        };
        match (endpoints.next(), why) {
            (Some(endpoint), NoRoute::Nobody | NoRoute::NoneEligible { .. }) => {
                let why = match (refused(endpoint), why) {
                    // Not refused, so it is full or failing.
                    (None, _) => return RouteError::Saturated { model },
                    (Some(most), NoRoute::Nobody) => NoRoute::NoneEligible {
                        candidates: 1,
                        most,
                    },
                    (Some(_), why) => why,
                };
                match endpoints.any(|endpoint| refused(endpoint).is_none()) {
                    true => RouteError::Saturated { model },
                    false => RouteError::NoneEligible { model, why },
                }
            }
            (None, NoRoute::Nobody) => RouteError::NoProvider { model },
            (None, NoRoute::NoneEligible { .. }) => match self.longest_window(nodes) {
                Some(window) => RouteError::ContextLength {
                    window,
                    prompt: request.prompt_tokens,
                    answer: request.answer_tokens,
                },
                None => RouteError::NoneEligible { model, why },
            },
            _ => RouteError::Saturated { model },
        }
    }

    /// The longest window of all, if every node has declared one and none can hold the request.
    fn longest_window(&self, nodes: &Nodes) -> Option<u64> {
        let RouteRequest {
            prompt_tokens,
            answer_tokens,
            ..
        } = self.wants;
        let needed = prompt_tokens.saturating_add(answer_tokens);
        let mut windows = (0..nodes.len()).map(|position| {
            let window = nodes.offer(position).context_tokens?;
            (window < needed).then_some(window)
        });
        windows.try_fold(0, |longest, window| Some(window?.max(longest)))
    }
}
