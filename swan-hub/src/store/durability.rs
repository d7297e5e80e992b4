use serde::Deserialize;

/// When a settled charge counts as safe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Durability {
    /// When the disk has it: it survives the loss of power (`synchronous=FULL` in SQLite).
    #[default]
    Strict,
    /// When the operating system has it: it survives the death of the process, and the last ones may be lost with the
    /// power (`synchronous=NORMAL`).
    Relaxed,
}
