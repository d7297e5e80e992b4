//! How much a request is charged for: what the provider says, as far as what the hub saw bears it out.
//!
//! The bounds are ours: no seed says how usage is verified, and public record 4.4 names the gap. They are the policy's `[metering]`.

mod reported;
mod units;
mod work;

pub use reported::{ReportedUsage, UsageError};
pub use work::Work;

use serde::{Deserialize, Serialize};

use crate::Usage;

/// How far a provider's word about usage is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metering {
    /// Tokens that a chat template may add to a prompt by itself.
    pub prompt_allowance_tokens: u64,
    /// Tokens of an answer that show no text, such as end marks.
    pub completion_allowance_tokens: u64,
    /// Bytes to a token, for estimates.
    pub bytes_per_token: u64,
    /// Bytes to a token at the most, over a whole answer: a longer one has more tokens than it was quoted for.
    pub bytes_per_token_max: u64,
    /// How far a claim may be above what the hub counts in the text itself, in hundredths of a percent of the count.
    pub claim_tolerance_bps: u64,
}

/// What the hub itself saw of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "plain counts that the hub fills in; a new one changes what is paid"
)]
pub struct Seen {
    /// Bytes of the request body.
    pub prompt_bytes: u64,
    /// Bytes of generated content that came from the provider: text, reasoning and arguments of tool calls.
    pub content_bytes: u64,
    /// Events (or whole answers) that carried content. When there is neither content nor such an event, nothing was
    /// delivered, and the answer counts as empty whatever the provider says.
    pub content_events: u64,
    /// Vectors or images that came, where those are what was asked for.
    pub items: u64,
    /// The tokens that the answer might have, as quoted: of all choices together when there are several.
    pub max_output_tokens: u64,
    /// What the hub counts in the content by itself (see [`crate::tokens`]); `None` where only its bytes are known.
    pub content_tokens: Option<u64>,
    /// What the hub counts in the texts of the prompt, where [`Metering::needs_prompt_count`] asked for it.
    pub prompt_tokens: Option<u64>,
    /// Whether the prompt has more in it than the hub can count, such as images, so that its texts bound no claim.
    pub prompt_beyond_text: bool,
}

/// Where metered usage comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Basis {
    /// The provider's own figures, which what the hub saw allows.
    Reported,
    /// The provider claimed more than can be; the bound counts instead.
    Bounded,
    /// The provider said nothing, or not everything; the rest is the hub's own count, or estimated from bytes.
    Estimated,
    /// The hub counted or measured it itself: images and audio.
    Measured,
}

/// What a request is charged for, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Metered {
    /// The tokens, images or audio.
    pub usage: Usage,
    /// Where they come from.
    pub basis: Basis,
}

impl Metering {
    /// The most that a request of `prompt_bytes` can be charged for, whatever its provider says.
    ///
    /// A token has at least one byte, so a prompt has no more tokens than bytes, plus the template's. When a request asks for
    /// several choices, `max_output_tokens` is that of all of them together.
    #[must_use]
    pub const fn worst_case(&self, prompt_bytes: u64, max_output_tokens: u64) -> Usage {
        let prompt = prompt_bytes.saturating_add(self.prompt_allowance_tokens);
        Usage::tokens(prompt, 0, max_output_tokens)
    }

    /// About how many tokens a text of so many bytes has, for what needs no certainty.
    #[must_use]
    pub const fn estimate(&self, bytes: u64) -> u64 {
        match bytes.checked_div(self.bytes_per_token) {
            Some(tokens) => tokens,
            None => bytes,
        }
    }

    /// Whether an answer is longer than what it was quoted for can be, so that all that follows would be unpaid work.
    #[must_use]
    pub const fn is_used_up(&self, seen: &Seen) -> bool {
        let most = seen
            .max_output_tokens
            .saturating_add(self.completion_allowance_tokens)
            .saturating_mul(self.bytes_per_token_max);
        seen.content_bytes > most
    }

    /// Whether the tokens of a prompt of so many bytes must be counted before it is metered: nothing was claimed for it, or more
    /// than its length suggests. Nearly no prompt of an honest provider that reports usage is ever counted.
    #[must_use]
    pub fn needs_prompt_count(&self, reported: Option<&ReportedUsage>, prompt_bytes: u64) -> bool {
        reported
            .and_then(ReportedUsage::prompt_tokens)
            .is_none_or(|claimed| claimed > self.believed_unread(prompt_bytes))
    }

    /// Whether the tokens of a whole answer of so many bytes must be counted before it is metered; as with prompts, seldom.
    #[must_use]
    pub fn needs_content_count(
        &self,
        reported: Option<&ReportedUsage>,
        content_bytes: u64,
    ) -> bool {
        let unread = self.estimate(content_bytes);
        reported
            .and_then(ReportedUsage::completion_tokens)
            .is_none_or(|claimed| claimed > unread.saturating_add(self.completion_allowance_tokens))
    }

    /// The prompt tokens that are believed whatever the text is.
    const fn believed_unread(&self, prompt_bytes: u64) -> u64 {
        self.estimate(prompt_bytes)
            .saturating_add(self.prompt_allowance_tokens)
    }

    /// The most that may be claimed for a text in which the hub counted so many tokens.
    fn tolerated(&self, counted: u64) -> u64 {
        let more = u128::from(counted) * u128::from(self.claim_tolerance_bps) / 10_000;
        counted.saturating_add(u64::try_from(more).unwrap_or(u64::MAX))
    }

    /// The most that is believed of the prompt: never beyond the worst case.
    fn prompt_bound(&self, seen: &Seen, worst: u64) -> u64 {
        match seen.prompt_tokens {
            Some(counted) if !seen.prompt_beyond_text => self
                .tolerated(counted)
                .saturating_add(self.prompt_allowance_tokens)
                // What is believed without a look must not be doubted after one.
                .max(self.believed_unread(seen.prompt_bytes))
                .min(worst),
            _ => worst,
        }
    }

    /// The tokens to charge for; never more, count by count, than the [`worst_case`](Self::worst_case) of the same request.
    ///
    /// Tokens that leave no trace in what the hub saw (an image behind a link, reasoning that the provider keeps to
    /// itself) are not paid beyond the bound: the consumer could not check them.
    #[must_use]
    pub fn meter(&self, reported: Option<&ReportedUsage>, seen: &Seen) -> Metered {
        let worst = self.worst_case(seen.prompt_bytes, seen.max_output_tokens);
        let delivered = seen.content_bytes > 0 || seen.content_events > 0;
        let completion_bound = if delivered {
            self.visible(seen).min(worst.completion_tokens)
        } else {
            0
        };

        let claimed_prompt = reported.and_then(ReportedUsage::prompt_tokens);
        let claimed_completion = reported.and_then(ReportedUsage::completion_tokens);
        let (prompt_tokens, prompt_basis) = self.prompt(claimed_prompt, seen, worst.prompt_tokens);
        let content = self.own(seen.content_tokens, seen.content_bytes);
        let (completion_tokens, completion_basis) =
            believed(claimed_completion, content, completion_bound);
        let cached = reported.and_then(ReportedUsage::cached_tokens).unwrap_or(0);
        Metered {
            usage: Usage::tokens(prompt_tokens, cached.min(prompt_tokens), completion_tokens),
            basis: prompt_basis.and(completion_basis),
        }
    }

    /// The most tokens that the content can be claimed to have, of however many it might have.
    fn visible(&self, seen: &Seen) -> u64 {
        // What is believed of an uncounted answer must not be doubted of a counted one.
        let unread = self.estimate(seen.content_bytes);
        let counted = seen
            .content_tokens
            .map(|counted| self.tolerated(counted).max(unread));
        seen.content_bytes
            .min(counted.unwrap_or(u64::MAX))
            .saturating_add(self.completion_allowance_tokens)
    }

    fn prompt(&self, claimed: Option<u64>, seen: &Seen, worst: u64) -> (u64, Basis) {
        let own = self.own(seen.prompt_tokens, seen.prompt_bytes);
        believed(claimed, own, self.prompt_bound(seen, worst))
    }

    /// The hub's own figure for a text.
    fn own(&self, counted: Option<u64>, bytes: u64) -> u64 {
        counted.unwrap_or_else(|| bytes.div_ceil(self.bytes_per_token.max(1)))
    }
}

/// What is charged of a claim; of none, the hub's own figure.
fn believed(claimed: Option<u64>, own: u64, bound: u64) -> (u64, Basis) {
    match claimed {
        Some(tokens) if tokens <= bound => (tokens, Basis::Reported),
        Some(_) => (bound, Basis::Bounded),
        None => (own.min(bound), Basis::Estimated),
    }
}

impl Basis {
    /// The basis of two counts together: a claim that had to be cut weighs most, since it says something of the provider.
    const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Bounded, _) | (_, Self::Bounded) => Self::Bounded,
            (Self::Estimated, _) | (_, Self::Estimated) => Self::Estimated,
            (Self::Measured, _) | (_, Self::Measured) => Self::Measured,
            (Self::Reported, Self::Reported) => Self::Reported,
        }
    }
}
