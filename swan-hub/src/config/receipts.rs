//! The table `[receipts]`: as whom the hub signs, and with what.

use std::path::PathBuf;

use serde::Deserialize;

use super::layers::set;

/// As whom the hub signs receipts, and with what.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipts {
    /// The name in every receipt, such as the hub's domain: 1 to 200 printable characters without spaces. Default `swan-hub`.
    pub hub: String,
    /// The file with the keys, which is made when there is none. Default `receipt-keys.json` beside `swan.db`;
    /// without such a file of the store, a key that ends with the process.
    pub key_file: Option<PathBuf>,
}

impl Default for Receipts {
    fn default() -> Self {
        Self {
            hub: "swan-hub".into(),
            key_file: None,
        }
    }
}

/// The table of one layer.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReceiptsLayer {
    hub: Option<String>,
    key_file: Option<PathBuf>,
}

impl ReceiptsLayer {
    pub(super) fn lay_over(self, receipts: &mut Receipts) {
        set(&mut receipts.hub, self.hub);
        if self.key_file.is_some() {
            receipts.key_file = self.key_file;
        }
    }
}
