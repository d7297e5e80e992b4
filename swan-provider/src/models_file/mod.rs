//! `models.json` of the public Swan agent, read unchanged (public-swan.md 2.4).

mod entry;
mod watch;

pub(crate) use entry::{Category, ModelEntry};
pub(crate) use watch::{FileWatch, watch};

use crate::ProviderError;
use serde::de::{Deserializer as _, Error as _, MapAccess, Visitor};
use std::{collections::BTreeMap, fmt, path::Path};

/// The longest file that is read; the real ones have a few kilobytes.
const FILE_MAX: u64 = 1024 * 1024;
/// The most entries.
const ENTRIES_MAX: usize = 1_000;

/// Reads the file: model id, as the hub's catalogue spells it, to where it is served.
pub(crate) async fn load(path: &Path) -> Result<BTreeMap<String, ModelEntry>, ProviderError> {
    let wrong = |reason: String| ProviderError::models_file(path, reason);
    let size = tokio::fs::metadata(path)
        .await
        .map_err(|e| wrong(format!("cannot be read: {e}")))?;
    if size.len() > FILE_MAX {
        return Err(wrong(format!(
            "has {} bytes; at most {FILE_MAX} are read",
            size.len()
        )));
    }
    let text = tokio::fs::read(path)
        .await
        .map_err(|e| wrong(format!("cannot be read: {e}")))?;
    parse(&text).map_err(wrong)
}

/// The error names the entry and the field.
fn parse(text: &[u8]) -> Result<BTreeMap<String, ModelEntry>, String> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut json = serde_json::Deserializer::from_slice(text);
    let entries = json.deserialize_map(Entries).map_err(|e| e.to_string())?;
    json.end().map_err(|e| e.to_string())?;
    Ok(entries)
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = BTreeMap<String, ModelEntry>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            r#"an object of entries such as "model id": {"endpoint": "http://127.0.0.1:8000"}"#,
        )
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = BTreeMap::new();
        while let Some(id) = map.next_key::<String>()? {
            let value: serde_json::Value = map.next_value()?;
            let entry = ModelEntry::parse(&id, &value)
                .map_err(|problem| A::Error::custom(format!("{id:?}: {problem}")))?;
            // The agent would take the last one silently; a repeated key is always a slip of copying.
            if entries.insert(id.clone(), entry).is_some() {
                return Err(A::Error::custom(format!("{id:?} stands here twice")));
            }
            if entries.len() > ENTRIES_MAX {
                return Err(A::Error::custom(format!("more than {ENTRIES_MAX} entries")));
            }
        }
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_agents_file_is_read_unchanged() {
        let entries = parse(
            br#"{
              "zai-org/GLM-4.7-Flash": {"endpoint": "http://localhost:30000", "gpu_memory": 48000,
                "category": "text-generation", "local_model": "glm", "format": "safetensors",
                "quantization": "fp8", "data_collection": "deny", "api_key": "k", "container": "sglang-1", "context_length": 65536,
                "something_newer": {"a": 1}},
              "intfloat/e5": {"endpoint": "http://localhost:8001/v1", "category": "embedding"},
              "bare": {"endpoint": "http://localhost:8002", "api_key": null, "context_length": 0}
            }"#,
        )
        .unwrap();
        let glm = &entries["zai-org/GLM-4.7-Flash"];
        assert_eq!(glm.endpoint, "http://localhost:30000");
        assert_eq!(glm.local_model.as_deref(), Some("glm"));
        assert_eq!(glm.api_key.as_deref(), Some("k"));
        assert_eq!(glm.context_length, Some(65_536));
        assert_eq!(glm.quantization.as_deref(), Some("fp8"));
        assert_eq!(glm.data, Some(swan_core::routing::DataPolicy::NoCollection));
        assert_eq!(entries["intfloat/e5"].category, Category::Embedding);
        let bare = &entries["bare"];
        assert_eq!(
            (bare.category, bare.context_length),
            (Category::TextGeneration, None)
        );
    }

    #[test]
    fn a_fault_is_named_with_its_entry() {
        for (file, named) in [
            (r#"[]"#, "an object of entries"),
            (r#"{"a":{}"#, "\"a\""),
            (r#"{"a":{}}"#, "\"a\": endpoint"),
            (r#"{"a":5}"#, "\"a\": expected an object"),
            (r#"{"a":{"endpoint":5}}"#, "\"a\": endpoint"),
            (r#"{"a":{"endpoint":"localhost:1"}}"#, "\"a\": endpoint"),
            (
                r#"{"a":{"endpoint":"http://h","category":"video"}}"#,
                "\"a\": category",
            ),
            (
                r#"{"a":{"endpoint":"http://h","context_length":-1}}"#,
                "\"a\": context_length",
            ),
            (
                r#"{"a":{"endpoint":"http://h","api_key":7}}"#,
                "\"a\": api_key",
            ),
            (r#"{"a b":{"endpoint":"http://h"}}"#, "\"a b\""),
            (
                r#"{"a":{"endpoint":"http://h"},"a":{"endpoint":"http://h"}}"#,
                "twice",
            ),
            (r#"{"a":{"endpoint":"http://h"}} x"#, "trailing"),
            ("", "EOF"),
        ] {
            let error = parse(file.as_bytes()).unwrap_err();
            assert!(error.contains(named), "{file}: {error}");
        }
    }
}
