//! The prompt of a request, for the hub's own count of its tokens. That is needed at the end and seldom: where a model server
//! reported no usage, or more than the length of the prompt suggests.

use bytes::Bytes;
use swan_core::openai::Asks;
use swan_core::tokens::PromptTokens;
use swan_core::{Metering, ReportedUsage, Seen};

use super::parse::Asked;

/// The largest body that is kept until its request has ended. Larger ones are counted at once, or slow streams would hold
/// as much memory as their prompts are long.
const KEPT_BYTES: usize = 256 << 10;

/// What is left of a prompt while it is answered.
#[derive(Debug, Default)]
pub(super) enum Prompt {
    /// What is paid has nothing to do with the tokens of a text.
    #[default]
    None,
    Kept(Bytes),
    Counted(PromptTokens),
}

impl Prompt {
    pub(super) fn of(asked: &Asked) -> Self {
        match &asked.head.asks {
            Asks::Images(_) | Asks::Transcription(_) => Self::None,
            _ if asked.body.len() > KEPT_BYTES => Self::Counted(PromptTokens::of_json(&asked.body)),
            _ => Self::Kept(asked.body.clone()),
        }
    }

    /// Adds the count to `seen` if `metering` needs it for what was `reported`.
    pub(super) fn count(
        &self,
        metering: &Metering,
        reported: Option<&ReportedUsage>,
        seen: &mut Seen,
    ) {
        if !metering.needs_prompt_count(reported, seen.prompt_bytes) {
            return;
        }
        let counted = match self {
            Self::None => return,
            Self::Kept(body) => PromptTokens::of_json(body),
            Self::Counted(counted) => *counted,
        };
        seen.prompt_tokens = Some(counted.text);
        seen.prompt_beyond_text = counted.beyond_text;
    }
}
