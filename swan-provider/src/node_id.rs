//! The node's own name for itself, which outlives restarts.

use crate::ProviderError;
use std::{io::ErrorKind, path::Path};

const FILE: &str = "node_id";

/// Reads the id kept in `folder`, or makes one and keeps it there.
pub(crate) async fn load_or_create(folder: &Path) -> Result<String, ProviderError> {
    let failed = |e: &dyn std::fmt::Display| ProviderError::State {
        path: folder.to_owned(),
        reason: e.to_string(),
    };
    tokio::fs::create_dir_all(folder)
        .await
        .map_err(|e| failed(&e))?;
    let file = folder.join(FILE);
    match tokio::fs::read_to_string(&file).await {
        Ok(id) if is_id(id.trim()) => return Ok(id.trim().to_owned()),
        Ok(_) => {
            let reason = format!("its file {FILE} holds no node id; delete it to get a new one");
            return Err(failed(&reason));
        }
        Err(e) if e.kind() == ErrorKind::NotFound => {}
        Err(e) => return Err(failed(&e)),
    }
    let id = random()?;
    // Renaming makes a crash in between leave either no file or a whole one.
    let fresh = folder.join(format!("{FILE}.{}", std::process::id()));
    tokio::fs::write(&fresh, format!("{id}\n"))
        .await
        .map_err(|e| failed(&e))?;
    tokio::fs::rename(&fresh, &file)
        .await
        .map_err(|e| failed(&e))?;
    Ok(id)
}

/// 128 random bits in hex.
pub(crate) fn random() -> Result<String, ProviderError> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits)
        .map_err(|e| ProviderError::setting("node id", "random", &e.to_string()))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bits)))
}

pub(crate) fn is_id(text: &str) -> bool {
    (16..=130).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_id_survives_a_restart_and_a_broken_file_is_not_silently_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("a/b");
        let id = load_or_create(&state).await.unwrap();
        assert!(is_id(&id));
        assert_eq!(load_or_create(&state).await.unwrap(), id);
        std::fs::write(state.join(FILE), "no id").unwrap();
        assert!(
            load_or_create(&state)
                .await
                .unwrap_err()
                .to_string()
                .contains("node_id")
        );
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_made_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = load_or_create(&file.path().join("x")).await.unwrap_err();
        assert!(matches!(error, ProviderError::State { .. }), "{error}");
    }
}
