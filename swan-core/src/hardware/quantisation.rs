//! How many bits a model's weights take, from what a provider declares or from the model's name.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::section::QuantisationRow;
use crate::PolicyError;
use crate::policy::check::within;

/// A form that weights come in, and what one parameter takes in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Quantisation {
    name: Arc<str>,
    centibits: u64,
}

impl Quantisation {
    /// What the policy calls it: `fp16`, `int4`, `q4_k_m`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Hundredths of a bit for one parameter, scales included: 1,600 is 16 bits.
    #[must_use]
    pub const fn centibits(&self) -> u64 {
        self.centibits
    }
}

impl fmt::Display for Quantisation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// The forms that a policy knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quantisations {
    by_name: BTreeMap<String, Quantisation>,
    chat: Quantisation,
}

impl Quantisations {
    pub(super) fn check(rows: &[QuantisationRow], chat: &str) -> Result<Self, PolicyError> {
        let mut by_name = BTreeMap::new();
        for (row, number) in rows.iter().zip(1_u64..) {
            let at = |field: &str| format!("hardware.quantisation.forms.{number}.{field}");
            within("hardware.quantisation.forms", number, 1, 200)?;
            let centibits = within(&at("centibits"), row.centibits, 50, 6_400)?;
            let Some(first) = row.names.first() else {
                let rule = "a form has a name";
                return Err(PolicyError::invalid(at("names"), "[]", rule));
            };
            let quantisation = Quantisation {
                name: Arc::from(first.as_str()),
                centibits,
            };
            for name in &row.names {
                if spelled(name) != *name || name.is_empty() {
                    let rule = "a name is lower-case letters, digits and underscores";
                    return Err(PolicyError::invalid(at("names"), name, rule));
                }
                if by_name.insert(name.clone(), quantisation.clone()).is_some() {
                    let rule = "a name belongs to one form only";
                    return Err(PolicyError::invalid(at("names"), name, rule));
                }
            }
        }
        let key = "hardware.quantisation.chat";
        let chat = by_name.get(chat).cloned().ok_or_else(|| {
            PolicyError::invalid(key, chat, "it is one of hardware.quantisation.forms")
        })?;
        Ok(Self { by_name, chat })
    }

    /// The form of this name in any case, as a provider declares it: `FP8`, `int4`, `Q4_K_M`.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Quantisation> {
        (name.len() <= 64)
            .then(|| self.by_name.get(&spelled(name)))
            .flatten()
    }

    /// The form that a model's name tells: `Qwen/Qwen3-32B-AWQ`, `qwen3:8b-q4_K_M`, `llama-2-7b.Q8_0.gguf`.
    ///
    /// When it tells several, the one with the most bits counts.
    #[must_use]
    pub fn in_model_name(&self, name: &str) -> Option<&Quantisation> {
        name.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .filter_map(|word| self.find(word))
            .max_by_key(|quantisation| quantisation.centibits)
    }

    /// The form that counts for a model: declared, or else told by its name.
    #[must_use]
    pub fn of(&self, model: &str, declared: &str) -> Option<&Quantisation> {
        self.find(declared).or_else(|| self.in_model_name(model))
    }

    /// The form that the catalogue's least memory of a chat model is meant for.
    #[must_use]
    pub const fn chat(&self) -> &Quantisation {
        &self.chat
    }
}

/// Lower case, and hyphens as underscores: `Q4-K-M` is `q4_k_m`.
fn spelled(name: &str) -> String {
    name.chars()
        .filter_map(|c| match c {
            '-' => Some('_'),
            c if c.is_ascii_alphanumeric() || c == '_' => Some(c.to_ascii_lowercase()),
            _ => None,
        })
        .collect()
}
