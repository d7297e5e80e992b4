use serde::{Deserialize, Serialize};

/// What one request used: tokens, images, or audio. A model is paid for one of the three (Seed 001, "Tiered Model Catalog").
///
/// ```
/// use swan_core::Usage;
///
/// assert_eq!(Usage::tokens(90, 64, 50).total_tokens(), 140);
/// assert_eq!(Usage::of_audio_ms(90_000).audio_ms, 90_000);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    clippy::exhaustive_structs,
    reason = "plain counts that every crate builds; a new kind of count changes what is paid"
)]
pub struct Usage {
    /// Tokens of the prompt, cached ones included.
    pub prompt_tokens: u64,
    /// Those tokens of the prompt that the model server had cached.
    pub cached_tokens: u64,
    /// Tokens of the answer, reasoning included.
    pub completion_tokens: u64,
    /// Images delivered.
    pub images: u64,
    /// Milliseconds of audio; a price per minute counts each of them, and no minute is rounded up.
    pub audio_ms: u64,
}

impl Usage {
    /// Tokens of a prompt, those of them that were cached, and tokens of the answer.
    #[must_use]
    pub const fn tokens(prompt: u64, cached: u64, completion: u64) -> Self {
        Self {
            prompt_tokens: prompt,
            cached_tokens: cached,
            completion_tokens: completion,
            images: 0,
            audio_ms: 0,
        }
    }

    /// That many images.
    #[must_use]
    pub const fn of_images(images: u64) -> Self {
        Self {
            images,
            ..Self::tokens(0, 0, 0)
        }
    }

    /// That many milliseconds of audio.
    #[must_use]
    pub const fn of_audio_ms(audio_ms: u64) -> Self {
        Self {
            audio_ms,
            ..Self::tokens(0, 0, 0)
        }
    }

    /// Tokens of prompt and answer together; `u64::MAX` at most.
    #[must_use]
    pub const fn total_tokens(&self) -> u64 {
        self.prompt_tokens.saturating_add(self.completion_tokens)
    }
}
