//! One request of the simulated market, from its route to its charge.

use std::cmp::Reverse;

use super::SimulationError;
use super::demand::Request;
use super::market::Market;
use crate::claims::Claimed;
use crate::routing::{RouteRequest, route};
use crate::{ProviderId, ReportedUsage, RevenueSplit, Rng, Seen};
use std::time::Duration;

/// The first provider and two more (DESIGN, Default limits).
const ATTEMPTS: usize = 3;
/// How long a token takes to write, in milliseconds.
const TOKEN_MS: u64 = 20;

impl Market {
    pub(super) fn serve(&mut self, request: &Request) -> Result<(), SimulationError> {
        while let Some(Reverse((end, position))) = self.ends.peek().copied() {
            if end > request.at {
                break;
            }
            self.ends.pop();
            if let Some(candidate) = self.candidates.get_mut(position) {
                candidate.in_flight = candidate.in_flight.saturating_sub(1);
            }
        }
        let mut tried: [ProviderId; ATTEMPTS] = [ProviderId::from_u128(0); ATTEMPTS];
        for attempt in 0..ATTEMPTS {
            let wanted = RouteRequest {
                prompt_tokens: request.prompt_tokens,
                answer_tokens: request.max_tokens,
                tried: tried.get(..attempt).unwrap_or(&[]),
                ..RouteRequest::default()
            };
            let route = route(
                &*self.strategy,
                &self.candidates,
                &wanted,
                self.policy.routing(),
                &mut self.rng,
            );
            let Ok(route) = route else { break };
            let Some(one) = self.people.get_mut(route.position) else {
                break;
            };
            let served = self.rng.below(10_000) < u64::from(one.conduct.served_bps);
            one.windows.attempt(request.at, served);
            if served {
                return self.charge(route.position, request);
            }
            if let Some(place) = tried.get_mut(attempt) {
                *place = one.id;
            }
        }
        self.totals.unserved(self.scenario.weight);
        Ok(())
    }

    fn charge(&mut self, position: usize, request: &Request) -> Result<(), SimulationError> {
        let (Some(one), Some(candidate)) = (
            self.people.get_mut(position),
            self.candidates.get_mut(position),
        ) else {
            return Ok(());
        };
        candidate.in_flight = candidate.in_flight.saturating_add(1);
        let takes_ms = one
            .conduct
            .first_content_ms
            .saturating_add(request.answer_tokens.saturating_mul(TOKEN_MS));
        self.ends.push(Reverse((
            request.at.after(Duration::from_millis(takes_ms)),
            position,
        )));

        let claimed = request
            .answer_tokens
            .saturating_mul(one.conduct.claims_permille.into())
            / 1_000;
        let reported = ReportedUsage::new(Some(request.prompt_tokens), Some(claimed)).ok();
        let seen = Seen {
            prompt_bytes: request.prompt_bytes,
            content_bytes: request.answer_bytes,
            content_events: request.answer_tokens,
            max_output_tokens: request.max_tokens,
            ..Seen::default()
        };
        let metered = self.policy.metering().meter(reported.as_ref(), &seen);
        let weight = self.scenario.weight;
        let gross = self.terms.price(&metered.usage)?.times(weight)?;
        let split = self.policy.split().split(gross);
        self.claims.record(
            one.id,
            Claimed::answer(claimed, request.answer_bytes).times(weight),
        );

        // What an honest provider would earn for the same answer is what its cost is measured by.
        let honest = crate::Usage {
            prompt_tokens: request.prompt_tokens,
            completion_tokens: request.answer_tokens,
            ..metered.usage
        };
        let fair = self.terms.price(&honest)?.times(weight)?;
        let fair = self.policy.split().split(fair).provider;
        let cost_bps = u64::from(self.scenario.serving_cost_bps) * u64::from(one.conduct.cost_bps);
        let cost = fair.scaled(cost_bps.into(), 10_000 * 10_000)?;
        one.cost = one.cost.checked_add(cost)?;
        one.earned = one.earned.checked_add(split.provider)?;
        one.served = one.served.saturating_add(weight);
        self.totals.charged(gross, &split, weight)?;
        Ok(())
    }
}
