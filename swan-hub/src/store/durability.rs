use serde::Deserialize;

/// When a settled charge counts as safe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Durability {
    /// When the disk has it: it survives the loss of power (`synchronous=FULL` in SQLite).
    #[default]
    Strict,
    /// As soon as it stands in memory: the journal follows within 10 ms, and nobody waits for it. Charges of that time may be
    /// lost when the process is killed, and those of the last seconds when the power fails (`synchronous=NORMAL` in SQLite).
    /// Consumers never lose by it: what is lost is the hub's and the provider's. A hub that ends in good order loses nothing.
    Relaxed,
}
