use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::store::{DocumentKind, NewDocument, Store, StoreError};

/// The name under which the hub's own billing is kept.
pub(super) const SELLER: &str = "seller";

/// Who somebody is on invoices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(
    clippy::exhaustive_structs,
    reason = "callers build it; each part may be left empty"
)]
pub struct Billing {
    /// The name.
    pub name: String,
    /// The address, line by line.
    #[serde(default)]
    pub address: Vec<String>,
    /// The number under which taxes are paid.
    #[serde(default)]
    pub tax_id: Option<String>,
    /// Of the seller: what is taxed, and how.
    #[serde(default)]
    pub taxes: Vec<Tax>,
    /// Of the seller: what stands before an invoice's number; `INV-` unless said.
    #[serde(default)]
    pub invoice_prefix: Option<String>,
}

/// A tax. It reads and shows as `VAT:19` for one that is within the price, and as `GST:5:added` for one that comes on top.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(
    clippy::exhaustive_structs,
    reason = "callers build it; each part is needed"
)]
pub struct Tax {
    /// What it is called.
    pub name: String,
    /// The rate in hundredths of a percent.
    pub rate_bps: u32,
    /// Whether what was charged includes it.
    pub included: bool,
}

/// The text is no tax.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a tax is written as NAME:PERCENT, such as VAT:19 or GST:7.25, or as NAME:PERCENT:added when it comes on top of the price"
)]
#[non_exhaustive]
pub struct TaxError;

impl Tax {
    /// The rate as a percentage.
    #[must_use]
    pub fn percent(&self) -> String {
        match self.rate_bps % 100 {
            0 => (self.rate_bps / 100).to_string(),
            rest => format!("{}.{rest:02}", self.rate_bps / 100),
        }
    }
}

impl FromStr for Tax {
    type Err = TaxError;

    fn from_str(text: &str) -> Result<Self, TaxError> {
        let (text, included) = match text.strip_suffix(":added") {
            Some(text) => (text, false),
            None => (text, true),
        };
        let (name, percent) = text.split_once(':').ok_or(TaxError)?;
        let (whole, part) = percent.split_once('.').unwrap_or((percent, "0"));
        let number = |text: &str, digits: usize| {
            let is_plain = (1..=digits).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_digit());
            is_plain.then(|| text.parse::<u32>().ok()).flatten()
        };
        let whole = number(whole, 2).ok_or(TaxError)?;
        let part = number(&format!("{part:0<2}"), 2).ok_or(TaxError)?;
        let is_named =
            (1..=40).contains(&name.chars().count()) && !name.chars().any(char::is_control);
        is_named
            .then(|| Self {
                name: name.to_owned(),
                rate_bps: whole * 100 + part,
                included,
            })
            .ok_or(TaxError)
    }
}

impl fmt::Display for Tax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let added = if self.included { "" } else { ":added" };
        write!(f, "{}:{}{added}", self.name, self.percent())
    }
}

/// What is kept under a name; nothing when nobody has said anything.
pub(super) async fn read(store: &dyn Store, name: &str) -> Result<Billing, StoreError> {
    let kept = store
        .documents()
        .document_named(DocumentKind::Billing, name)
        .await?;
    let Some(kept) = kept else {
        return Ok(Billing::default());
    };
    let found = serde_json::from_str(&kept.document.body);
    found.map_err(|error| {
        StoreError::corrupt(format!("the billing of {name} cannot be read: {error}"))
    })
}

/// What does not fit on an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: expected {expected}")]
#[non_exhaustive]
pub struct BillingError {
    /// Which part.
    pub field: &'static str,
    /// What would fit.
    pub expected: &'static str,
}

/// Lines of an address, and taxes, at most.
const ADDRESS_MAX: usize = 8;
const TAXES_MAX: usize = 4;

fn fits(text: &str, most: usize) -> bool {
    text.chars().count() <= most && !text.chars().any(char::is_control)
}

impl Billing {
    /// That it fits on an invoice.
    ///
    /// # Errors
    /// [`BillingError`], which names what does not.
    pub fn check(&self) -> Result<(), BillingError> {
        let short = "a text of at most 200 characters without control characters";
        let tax_id = self.tax_id.as_deref().unwrap_or_default();
        let prefix = self.invoice_prefix.as_deref().unwrap_or("INV-");
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        // A number must not look like a month.
        let ends_well = prefix.ends_with(['-', '.', '_'])
            && prefix.starts_with(|c: char| c.is_ascii_alphabetic());
        for (field, is_right, expected) in [
            ("name", fits(&self.name, 200), short),
            (
                "address",
                self.address.len() <= ADDRESS_MAX,
                "8 lines at most",
            ),
            (
                "address",
                self.address.iter().all(|line| fits(line, 200)),
                short,
            ),
            (
                "tax_id",
                fits(tax_id, 40),
                "a text of at most 40 characters without control characters",
            ),
            ("taxes", self.taxes.len() <= TAXES_MAX, "4 taxes at most"),
            (
                "invoice_prefix",
                prefix.len() <= 20 && ends_well && prefix.chars().all(is_plain),
                "2 to 20 letters, digits, dots, hyphens and underscores, of which the first is a letter and the last is none and no digit",
            ),
        ] {
            if !is_right {
                return Err(BillingError { field, expected });
            }
        }
        Ok(())
    }

    /// What is kept of an account, or of the hub itself without one.
    ///
    /// # Errors
    /// When the store cannot serve.
    pub async fn load(
        store: &dyn Store,
        account: Option<swan_core::AccountId>,
    ) -> Result<Self, StoreError> {
        read(store, &kept_as(account)).await
    }

    /// Keeps it for invoices that are issued from now on.
    ///
    /// # Errors
    /// When the store cannot serve.
    pub async fn save(
        &self,
        store: &dyn Store,
        account: Option<swan_core::AccountId>,
    ) -> Result<(), StoreError> {
        let new = NewDocument {
            kind: DocumentKind::Billing,
            owner: account.map_or(0, swan_core::AccountId::as_u128),
            name: kept_as(account),
            // Texts and numbers always serialise.
            body: serde_json::to_string(self).unwrap_or_default(),
        };
        let kept = store.documents().add_document(&new).await?;
        let changed = store
            .documents()
            .change_document(new.kind, kept.number, &new.body);
        changed.await.map(drop)
    }
}

fn kept_as(account: Option<swan_core::AccountId>) -> String {
    account.map_or_else(|| SELLER.to_owned(), |account| account.to_string())
}

#[cfg(test)]
mod tests {
    use super::Tax;

    #[test]
    fn taxes_read_as_they_show() {
        for (text, bps, included) in [
            ("VAT:19", 1_900, true),
            ("GST:7.25:added", 725, false),
            ("TVA:5.50", 550, true),
        ] {
            let tax: Tax = text.parse().unwrap();
            assert_eq!((tax.rate_bps, tax.included), (bps, included));
            assert_eq!(tax.to_string().parse::<Tax>().unwrap(), tax);
        }
        assert_eq!("X:5.5".parse::<Tax>().unwrap().percent(), "5.50");
        for wrong in [
            "",
            "VAT",
            ":19",
            "VAT:",
            "VAT:-1",
            "VAT:100",
            "VAT:1.234",
            "VAT:+5",
            "VAT:19:free",
        ] {
            assert!(wrong.parse::<Tax>().is_err(), "{wrong}");
        }
    }
}
