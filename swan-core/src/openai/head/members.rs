//! Which members of a body are read, for which operation, and by what names.

use crate::protocol::Operation;

macro_rules! members {
    ($( $name:ident = $wire:literal, )*) => {
        /// A member that some operation reads; every other one is only passed on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Member { $( $name, )* }

        impl Member {
            const ALL: &[Self] = &[ $( Self::$name, )* ];

            /// The member of this name.
            pub(super) fn of(key: &str) -> Option<Self> {
                Some(match key {
                    $( $wire => Self::$name, )*
                    _ => return None,
                })
            }

            /// Its name.
            pub(super) const fn name(self) -> &'static str {
                match self {
                    $( Self::$name => $wire, )*
                }
            }
        }
    };
}

members! {
    Model = "model",
    Models = "models",
    Payment = "payment",
    Provider = "provider",
    SessionId = "session_id",
    PromptCacheKey = "prompt_cache_key",
    User = "user",
    Stream = "stream",
    StreamOptions = "stream_options",
    MaxTokens = "max_tokens",
    MaxCompletionTokens = "max_completion_tokens",
    NPredict = "n_predict",
    N = "n",
    BestOf = "best_of",
    Echo = "echo",
    Messages = "messages",
    Prompt = "prompt",
    Input = "input",
    EncodingFormat = "encoding_format",
    Dimensions = "dimensions",
    Size = "size",
    ResponseFormat = "response_format",
}

impl Member {
    /// How many there are.
    pub(super) const COUNT: usize = Self::ALL.len();

    /// Whether only a hub reads it, so that strict model servers must not see it.
    pub(super) const fn is_market(self) -> bool {
        matches!(self, Self::Models | Self::Payment | Self::Provider)
    }

    /// Whether it decides about nothing but a preference, so that saying it twice harms nobody.
    pub(super) const fn is_harmless(self) -> bool {
        matches!(self, Self::SessionId | Self::PromptCacheKey | Self::User)
    }
}

/// A set of members.
#[derive(Debug, Clone, Copy)]
pub(super) struct Members(u32);

impl Members {
    const fn of(members: &[Member]) -> Self {
        let mut bits = 0;
        let mut rest = members;
        while let [member, tail @ ..] = rest {
            bits |= 1 << (*member as u32);
            rest = tail;
        }
        Self(bits)
    }

    const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn contains(self, member: Member) -> bool {
        self.0 & 1 << (member as u32) != 0
    }
}

const ANY: Members = Members::of(&[
    Member::Model,
    Member::Models,
    Member::Payment,
    Member::Provider,
    Member::SessionId,
    Member::PromptCacheKey,
    Member::User,
    Member::Stream,
]);

const CHAT: Members = ANY.and(Members::of(&[
    Member::Messages,
    Member::StreamOptions,
    Member::MaxTokens,
    Member::MaxCompletionTokens,
    Member::NPredict,
    Member::N,
]));

const COMPLETION: Members = ANY.and(Members::of(&[
    Member::Prompt,
    Member::StreamOptions,
    Member::MaxTokens,
    Member::NPredict,
    Member::N,
    Member::BestOf,
    Member::Echo,
]));

const EMBEDDING: Members = ANY.and(Members::of(&[
    Member::Input,
    Member::EncodingFormat,
    Member::Dimensions,
]));

const IMAGES: Members = ANY.and(Members::of(&[
    Member::Prompt,
    Member::N,
    Member::Size,
    Member::ResponseFormat,
]));

/// What is read of the JSON body of an operation; `None` for one that this family does not know, or whose body is a form.
pub(super) const fn read_by(operation: &Operation) -> Option<Members> {
    Some(match operation {
        Operation::ChatCompletions => CHAT,
        Operation::Completions => COMPLETION,
        Operation::Embeddings => EMBEDDING,
        Operation::ImagesGenerations => IMAGES,
        Operation::AudioTranscriptions | Operation::Other(_) => return None,
    })
}

/// Members that are no parameters of the model: the question itself, and what every provider takes or only a hub reads.
pub(super) const NO_PARAMETERS: [&str; 14] = [
    "input",
    "messages",
    "metadata",
    "model",
    "models",
    "payment",
    "prompt",
    "prompt_cache_key",
    "provider",
    "session_id",
    "store",
    "stream",
    "stream_options",
    "user",
];
