//! What a request asks for, in what is counted: it decides the worst case and what of an answer is paid.

use super::{Metered, Metering, ReportedUsage, Seen};
use crate::Usage;

/// What one request asks for, in what its model is paid by.
///
/// ```
/// use swan_core::{Policy, Seen, Usage, Work};
///
/// let policy = Policy::swan_2_0();
/// let (metering, work) = (policy.metering(), Work::Images { n: 4 });
/// assert_eq!(metering.worst_case_of(&work, 200), Usage::of_images(4));
/// let seen = Seen { items: 3, ..Seen::default() };
/// assert_eq!(metering.charge_of(&work, None, &seen).usage, Usage::of_images(3));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever bills handles each; a new kind of work changes what is paid"
)]
pub enum Work {
    /// Text is generated.
    Text {
        /// The most tokens of all choices together, hidden ones included.
        max_output_tokens: u64,
        /// How many choices the consumer gets; at least 1.
        choices: u64,
        /// How many are generated for that (`best_of`); at least as many.
        generated: u64,
        /// Bytes of the answer that repeat the prompt (`echo`), and so were not generated.
        echoed_bytes: u64,
    },
    /// Vectors are made of the text in the request.
    Vectors,
    /// Images are made.
    Images {
        /// How many.
        n: u64,
    },
    /// Speech is written down.
    Audio {
        /// How long it is, as the hub measured it, in milliseconds.
        measured_ms: u64,
    },
}

impl Work {
    /// Whether it is paid by the token.
    #[must_use]
    pub const fn is_in_tokens(&self) -> bool {
        matches!(self, Self::Text { .. } | Self::Vectors)
    }

    /// The most tokens that may be generated; 0 where no text is.
    #[must_use]
    pub const fn max_output_tokens(&self) -> u64 {
        match self {
            Self::Text {
                max_output_tokens, ..
            } => *max_output_tokens,
            Self::Vectors | Self::Images { .. } | Self::Audio { .. } => 0,
        }
    }

    /// What was generated, of what the hub saw: without what only repeats the prompt, and with the choices that were generated
    /// but not shown, each of which counts as long as those that were.
    #[must_use]
    pub const fn generated_bytes(&self, content_bytes: u64) -> u64 {
        match self {
            Self::Text {
                choices,
                generated,
                echoed_bytes,
                ..
            } => {
                let shown = content_bytes.saturating_sub(*echoed_bytes);
                if *generated <= *choices || *choices == 0 {
                    return shown;
                }
                shown.saturating_mul(*generated).div_ceil(*choices)
            }
            Self::Vectors | Self::Images { .. } | Self::Audio { .. } => content_bytes,
        }
    }
}

impl Work {
    /// The same work with so many tokens at most.
    #[must_use]
    pub const fn at_most(self, tokens: u64) -> Self {
        match self {
            Self::Text {
                max_output_tokens,
                choices,
                generated,
                echoed_bytes,
            } => Self::Text {
                max_output_tokens: if tokens < max_output_tokens {
                    tokens
                } else {
                    max_output_tokens
                },
                choices,
                generated,
                echoed_bytes,
            },
            Self::Vectors | Self::Images { .. } | Self::Audio { .. } => self,
        }
    }

    /// What was seen of a text, as far as it was generated.
    fn generated_of(&self, seen: &Seen) -> Seen {
        let of_text = |tokens| self.generated_tokens(tokens, seen.content_bytes);
        Seen {
            content_bytes: self.generated_bytes(seen.content_bytes),
            content_tokens: seen.content_tokens.map(of_text),
            max_output_tokens: self.max_output_tokens(),
            ..*seen
        }
    }

    /// Of the tokens counted in an answer of `content_bytes`, those that were generated: in proportion to
    /// [`generated_bytes`](Self::generated_bytes).
    #[must_use]
    pub fn generated_tokens(&self, content_tokens: u64, content_bytes: u64) -> u64 {
        let generated = self.generated_bytes(content_bytes);
        if generated == content_bytes || content_bytes == 0 {
            return content_tokens;
        }
        let tokens = u128::from(content_tokens) * u128::from(generated);
        u64::try_from(tokens.div_ceil(u128::from(content_bytes))).unwrap_or(u64::MAX)
    }
}

impl Metering {
    /// The most that a request with a body of `prompt_bytes` can be charged for, whatever its provider says.
    #[must_use]
    pub const fn worst_case_of(&self, work: &Work, prompt_bytes: u64) -> Usage {
        match work {
            Work::Text {
                max_output_tokens, ..
            } => self.worst_case(prompt_bytes, *max_output_tokens),
            Work::Vectors => self.worst_case(prompt_bytes, 0),
            Work::Images { n } => Usage::of_images(*n),
            Work::Audio { measured_ms } => Usage::of_audio_ms(*measured_ms),
        }
    }

    /// About what a request will use, for what needs no certainty: its prompt as estimated, and its answer at its longest.
    #[must_use]
    pub const fn estimate_of(&self, work: &Work, text_bytes: u64) -> Usage {
        let prompt = self.estimate(text_bytes);
        match work {
            Work::Text {
                max_output_tokens, ..
            } => Usage::tokens(prompt, 0, *max_output_tokens),
            Work::Vectors => Usage::tokens(prompt, 0, 0),
            Work::Images { .. } | Work::Audio { .. } => self.worst_case_of(work, 0),
        }
    }

    /// What to charge for; never more, count by count, than [`worst_case_of`](Self::worst_case_of) the same request, as long as
    /// `seen` names the same limits.
    #[must_use]
    pub fn charge_of(&self, work: &Work, reported: Option<&ReportedUsage>, seen: &Seen) -> Metered {
        let delivered = seen.items > 0;
        match work {
            Work::Text { .. } => self.meter(reported, &work.generated_of(seen)),
            Work::Vectors => self.embedding(reported, seen, delivered),
            Work::Images { n } => self.images(*n, seen.items),
            Work::Audio { measured_ms } => {
                // Silence has no text, and costs nothing: or an empty answer to everything would be paid.
                let delivered = delivered || seen.content_bytes > 0;
                self.audio(*measured_ms, None, delivered)
            }
        }
    }

    /// The most completion tokens that [`charge_of`](Self::charge_of) can come to for what was seen so far, whatever its provider
    /// says: so much must be set aside before more goes to the consumer. It grows with what is seen.
    #[must_use]
    pub fn most_so_far(&self, work: &Work, seen: &Seen) -> u64 {
        let seen = work.generated_of(seen);
        self.visible(&seen).min(seen.max_output_tokens)
    }

    /// Whether the answer to `work` is longer than what it was quoted for can be.
    #[must_use]
    pub const fn is_work_used_up(&self, work: &Work, content_bytes: u64) -> bool {
        self.is_used_up(&Seen {
            prompt_bytes: 0,
            content_bytes: work.generated_bytes(content_bytes),
            content_events: 0,
            items: 0,
            max_output_tokens: work.max_output_tokens(),
            content_tokens: None,
            prompt_tokens: None,
            prompt_beyond_text: false,
        })
    }
}
