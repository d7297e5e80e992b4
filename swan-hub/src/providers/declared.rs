//! What a provider has declared of one model, as far as requests choose by it.

use swan_core::ModelPrice;
use swan_core::protocol::{Operation, Registration};
use swan_core::routing::{DataPolicy, Precision};

/// The request parameters that a declaration can name: those of the chat API that steer the answer. What a provider declares
/// beyond them is not kept, so a declaration takes no memory that its author could choose.
const PARAMETERS: [&str; 33] = [
    "audio",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "metadata",
    "min_p",
    "modalities",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "reasoning",
    "reasoning_effort",
    "repetition_penalty",
    "response_format",
    "seed",
    "service_tier",
    "stop",
    "structured_outputs",
    "temperature",
    "tool_choice",
    "tools",
    "top_a",
    "top_k",
    "top_logprobs",
    "top_p",
    "typical_p",
    "verbosity",
    "web_search_options",
];

/// What was declared; nothing by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Declared {
    /// Tokens of prompt and answer that fit together.
    pub(crate) context_tokens: Option<u64>,
    /// What is taken of a model of this kind; everything where that is not known.
    pub(crate) operations: Option<&'static [Operation]>,
    /// How the weights are stored.
    pub(crate) quantization: Precision,
    /// The parameters that are honoured.
    pub(crate) parameters: Option<Vec<&'static str>>,
    /// What becomes of prompts and answers.
    pub(crate) data: DataPolicy,
    /// What consumers pay here, where that is not the policy's price. Only an endpoint of the hub has one.
    pub(crate) price: Option<ModelPrice>,
}

impl Declared {
    /// What `registration` says of the model that the provider calls `name`.
    pub(super) fn of(registration: &Registration, name: &str) -> Self {
        let named: Vec<&str> = registration.parameters(name).collect();
        let known = PARAMETERS.iter().copied();
        Self {
            context_tokens: registration.context_length(name),
            operations: None,
            quantization: Precision::declared(registration.quantization(name)),
            parameters: (!named.is_empty())
                .then(|| known.filter(|known| named.contains(known)).collect()),
            data: DataPolicy::declared(registration.data_collection(name)),
            price: None,
        }
    }
}
