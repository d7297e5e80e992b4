//! Configured OpenAI-compatible servers, used when no provider can serve.
