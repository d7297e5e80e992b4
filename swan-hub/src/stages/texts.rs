//! The texts of a request, for the hub's own count of their tokens. For prompts and whole answers that is needed at the end and
//! seldom: where a model server reported no usage, or more than the length of the text suggests.

use bytes::Bytes;
use swan_core::openai::{Asks, ChunkFacts};
use swan_core::tokens::{PromptTokens, TokenCounter};
use swan_core::{Metering, ReportedUsage, Seen};

use super::parse::Asked;

/// The largest body that is kept until its request has ended. Larger ones are counted at once, or slow streams would hold
/// as much memory as their prompts are long.
const KEPT_BYTES: usize = 256 << 10;

/// What may have to be counted of one request.
#[derive(Debug, Default)]
pub(super) struct Texts {
    prompt: Prompt,
    /// A whole answer.
    answer: Option<Bytes>,
}

/// What is left of a prompt while it is answered.
#[derive(Debug, Default)]
enum Prompt {
    /// What is paid has nothing to do with the tokens of a text.
    #[default]
    None,
    Kept(Bytes),
    Counted(PromptTokens),
}

impl Texts {
    pub(super) fn of(asked: &Asked) -> Self {
        let prompt = match &asked.head.asks {
            Asks::Images(_) | Asks::Transcription(_) => Prompt::None,
            _ if asked.body.len() > KEPT_BYTES => {
                Prompt::Counted(PromptTokens::of_json(&asked.body))
            }
            _ => Prompt::Kept(asked.body.clone()),
        };
        Self {
            prompt,
            answer: None,
        }
    }

    /// This is the whole answer.
    pub(super) fn answered(&mut self, body: &Bytes) {
        self.answer = Some(body.clone());
    }

    /// Adds the counts to `seen` that `metering` needs for what was `reported`.
    pub(super) fn count(
        &mut self,
        metering: &Metering,
        reported: Option<&ReportedUsage>,
        seen: &mut Seen,
    ) {
        if let Some(answer) = self.answer.take()
            && seen.content_bytes > 0
            && metering.needs_content_count(reported, seen.content_bytes)
        {
            let mut counter = TokenCounter::default();
            let read = ChunkFacts::read_counting(&answer, &mut counter);
            seen.content_tokens = read.map(|_| counter.tokens());
        }
        if !metering.needs_prompt_count(reported, seen.prompt_bytes) {
            return;
        }
        let counted = match &self.prompt {
            Prompt::None => return,
            Prompt::Kept(body) => PromptTokens::of_json(body),
            Prompt::Counted(counted) => *counted,
        };
        seen.prompt_tokens = Some(counted.text);
        seen.prompt_beyond_text = counted.beyond_text;
    }
}
