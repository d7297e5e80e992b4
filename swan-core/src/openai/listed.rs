//! What the entry of a model in `/v1/models` says that the model does: nothing in OpenAI's own list, a word of their own in
//! those of many other servers.

use serde_json::Value;

use crate::Modality;

/// Members that name what a model does in one word, by the servers that have them: Speaches and Hugging Face (`task`,
/// `pipeline_tag`), Together and LM Studio (`type`), LiteLLM (`mode`), Xinference (`model_type`).
const WORDS: [&str; 5] = ["task", "pipeline_tag", "type", "mode", "model_type"];
/// Members that name all of it, as a list of words or an object of yes and no: Infinity, llama.cpp, Ollama, Mistral and Azure
/// (`capabilities`), Xinference (`model_ability`), Cohere (`endpoints`), OpenRouter (`output_modalities`).
const SETS: [&str; 4] = [
    "capabilities",
    "model_ability",
    "endpoints",
    "output_modalities",
];
/// Where these stand when not beside the name: LiteLLM's and OpenRouter's lists.
const INSIDE: [&str; 2] = ["model_info", "architecture"];
/// More words of one member are not looked at.
const MOST_WORDS: usize = 64;

/// What a model server says that one of its models does.
///
/// ```
/// use swan_core::Modality;
/// use swan_core::openai::ListedKind;
///
/// let entry = serde_json::json!({"id": "house-vectors", "object": "model", "type": "embedding"});
/// assert_eq!(ListedKind::of(&entry), Some(ListedKind::Served(Modality::Embedding)));
/// let silent = serde_json::json!({"id": "gpt-x", "object": "model", "owned_by": "openai"});
/// assert_eq!(ListedKind::of(&silent), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ListedKind {
    /// Something that is served here.
    Served(Modality),
    /// Something else, such as ranking, speaking or moderating.
    Other,
}

impl ListedKind {
    /// Reads one entry of a list; `None` when it does not say, or in words that nobody knows.
    #[must_use]
    pub fn of(entry: &Value) -> Option<Self> {
        let inside = INSIDE.iter().filter_map(|name| entry.get(name));
        std::iter::once(entry).chain(inside).find_map(of_members)
    }
}

fn of_members(members: &Value) -> Option<ListedKind> {
    let words = WORDS.iter().filter_map(|name| members.get(name)?.as_str());
    words
        .filter_map(of_word)
        .next()
        .or_else(|| SETS.iter().find_map(|name| of_set(members.get(name)?)))
}

/// A model that does several things does the first of these: one that chats may also be asked for vectors, and is no worse a chat for it.
fn of_set(set: &Value) -> Option<ListedKind> {
    let words: Vec<&str> = match set {
        Value::Array(words) => words
            .iter()
            .take(MOST_WORDS)
            .filter_map(Value::as_str)
            .collect(),
        Value::Object(members) => {
            let held = members.iter().take(MOST_WORDS);
            let yes = held.filter(|(_, value)| value.as_bool() == Some(true));
            yes.map(|(name, _)| name.as_str()).collect()
        }
        Value::String(word) => vec![word],
        _ => return None,
    };
    let known: Vec<ListedKind> = words.into_iter().filter_map(of_word).collect();
    [
        ListedKind::Served(Modality::Chat),
        ListedKind::Served(Modality::Image),
        ListedKind::Served(Modality::Audio),
        ListedKind::Served(Modality::Embedding),
        ListedKind::Other,
    ]
    .into_iter()
    .find(|kind| known.contains(kind))
}

fn of_word(word: &str) -> Option<ListedKind> {
    // Longer than any of these.
    if word.len() > 40 {
        return None;
    }
    let word = word.to_ascii_lowercase().replace(['_', ' '], "-");
    Some(match word.as_str() {
        "chat"
        | "llm"
        | "vlm"
        | "language"
        | "code"
        | "text"
        | "completion"
        | "completions"
        | "responses"
        | "generate"
        | "text-generation"
        | "text2text-generation"
        | "conversational"
        | "image-text-to-text"
        | "chat-completion"
        | "chat-completions"
        | "completion-chat" => ListedKind::Served(Modality::Chat),
        "embed"
        | "embedding"
        | "embeddings"
        | "text-embedding"
        | "feature-extraction"
        | "sentence-similarity" => ListedKind::Served(Modality::Embedding),
        "image" | "images" | "image-generation" | "text-to-image" | "text2image" => {
            ListedKind::Served(Modality::Image)
        }
        "audio"
        | "transcribe"
        | "transcription"
        | "audio-transcription"
        | "automatic-speech-recognition"
        | "speech-to-text"
        | "stt"
        | "asr" => ListedKind::Served(Modality::Audio),
        "rerank"
        | "reranker"
        | "score"
        | "moderation"
        | "classify"
        | "classification"
        | "text-classification"
        | "tts"
        | "text-to-speech"
        | "audio-speech"
        | "video"
        | "video-generation"
        | "text-to-video"
        | "image-embed"
        | "audio-embed"
        | "ocr"
        | "search" => ListedKind::Other,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CHAT: Option<ListedKind> = Some(ListedKind::Served(Modality::Chat));
    const EMBEDDING: Option<ListedKind> = Some(ListedKind::Served(Modality::Embedding));
    const IMAGE: Option<ListedKind> = Some(ListedKind::Served(Modality::Image));
    const AUDIO: Option<ListedKind> = Some(ListedKind::Served(Modality::Audio));
    const OTHER: Option<ListedKind> = Some(ListedKind::Other);

    fn assert_kinds(entries: &[(&str, &str, Option<ListedKind>)]) {
        for (server, entry, kind) in entries {
            let entry = serde_json::from_str(entry).unwrap();
            assert_eq!(ListedKind::of(&entry), *kind, "{server}: {entry}");
        }
    }

    #[test]
    fn one_word_says_it() {
        assert_kinds(&[
            ("OpenAI", r#"{"owned_by": "openai"}"#, None),
            ("vLLM", r#"{"owned_by": "vllm", "root": "m"}"#, None),
            ("Together", r#"{"type": "language"}"#, CHAT),
            ("Together", r#"{"type": "image"}"#, IMAGE),
            ("Together", r#"{"type": "transcribe"}"#, AUDIO),
            ("LM Studio", r#"{"type": "vlm"}"#, CHAT),
            ("LM Studio", r#"{"type": "embeddings"}"#, EMBEDDING),
            ("LiteLLM", r#"{"mode": "audio_transcription"}"#, AUDIO),
            ("LiteLLM", r#"{"mode": "audio_speech"}"#, OTHER),
            (
                "Speaches",
                r#"{"task": "automatic-speech-recognition"}"#,
                AUDIO,
            ),
            (
                "Hugging Face",
                r#"{"pipeline_tag": "feature-extraction"}"#,
                EMBEDDING,
            ),
        ]);
    }

    #[test]
    fn sets_and_inner_members_say_it() {
        assert_kinds(&[
            (
                "LiteLLM",
                r#"{"model_info": {"mode": "image_generation"}}"#,
                IMAGE,
            ),
            ("Infinity", r#"{"capabilities": ["embed"]}"#, EMBEDDING),
            ("Infinity", r#"{"capabilities": ["rerank"]}"#, OTHER),
            (
                "llama.cpp",
                r#"{"capabilities": ["completion", "multimodal"]}"#,
                CHAT,
            ),
            (
                "Mistral",
                r#"{"type": "base", "capabilities": {"completion_chat": true}}"#,
                CHAT,
            ),
            (
                "Mistral",
                r#"{"type": "base", "capabilities": {"completion_chat": false}}"#,
                None,
            ),
            (
                "Azure",
                r#"{"capabilities": {"embeddings": true, "inference": true}}"#,
                EMBEDDING,
            ),
            (
                "Xinference",
                r#"{"model_type": "LLM", "model_ability": ["chat"]}"#,
                CHAT,
            ),
            (
                "Cohere",
                r#"{"endpoints": ["embed", "classify"]}"#,
                EMBEDDING,
            ),
            (
                "OpenRouter",
                r#"{"architecture": {"output_modalities": ["text"]}}"#,
                CHAT,
            ),
        ]);
    }

    #[test]
    fn what_is_no_word_says_nothing() {
        let many: Vec<String> = (0..1_000).map(|n| n.to_string()).collect();
        for entry in [
            json!(null),
            json!(7),
            json!([{"type": "embedding"}]),
            json!({"type": 7, "mode": null, "capabilities": 1}),
            json!({"type": "e".repeat(1_000)}),
            json!({"capabilities": many}),
            json!({"capabilities": {"embed": "no"}}),
        ] {
            assert_eq!(ListedKind::of(&entry), None);
        }
    }
}
