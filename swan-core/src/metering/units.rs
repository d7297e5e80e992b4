//! Images and audio, which the hub counts and measures itself.

use super::{Basis, Metered, Metering, ReportedUsage, Seen};
use crate::Usage;

impl Metering {
    /// The tokens of an embedding: those of its input, which are all that is paid (Seed 001: per million tokens).
    ///
    /// Never more than [`Metering::worst_case`] with no output; without vectors there is nothing to pay.
    #[must_use]
    pub fn embedding(
        &self,
        reported: Option<&ReportedUsage>,
        seen: &Seen,
        delivered: bool,
    ) -> Metered {
        let bound = if delivered {
            self.worst_case(seen.prompt_bytes, 0).prompt_tokens
        } else {
            0
        };
        let claimed = reported.and_then(ReportedUsage::prompt_tokens);
        let (tokens, basis) = self.prompt(claimed, seen, bound);
        let cached = reported.and_then(ReportedUsage::cached_tokens).unwrap_or(0);
        Metered {
            usage: Usage::tokens(tokens, cached.min(tokens), 0),
            basis,
        }
    }

    /// The images to charge for: those that the hub saw delivered, as many as were asked for at most.
    ///
    /// The worst case of such a request is [`Usage::of_images`] of `requested`.
    #[must_use]
    pub fn images(&self, requested: u64, delivered: u64) -> Metered {
        let basis = if delivered > requested {
            Basis::Bounded
        } else {
            Basis::Measured
        };
        Metered {
            usage: Usage::of_images(delivered.min(requested)),
            basis,
        }
    }

    /// The audio to charge for: what the hub measured in the request, or the provider's figure where that is less.
    ///
    /// The worst case of such a request is [`Usage::of_audio_ms`] of `measured_ms`. Without a text there is nothing to pay.
    #[must_use]
    pub fn audio(&self, measured_ms: u64, reported_ms: Option<u64>, delivered: bool) -> Metered {
        let bound = if delivered { measured_ms } else { 0 };
        let (audio_ms, basis) = match reported_ms {
            Some(told) if told > bound => (bound, Basis::Bounded),
            Some(told) => (told, Basis::Reported),
            None => (bound, Basis::Measured),
        };
        Metered {
            usage: Usage::of_audio_ms(audio_ms),
            basis,
        }
    }
}
