//! OpenAI wire types that keep what they do not know.
