use std::collections::BTreeMap;

use super::Model;

/// The models of a policy, found by any of their names.
#[derive(Clone, Debug)]
pub(crate) struct Catalogue {
    models: Vec<Model>,
    /// Lower-case names, and the canonical ones as written so that the usual look-up allocates nothing.
    by_name: BTreeMap<Box<str>, usize>,
}

impl Catalogue {
    /// Indexes `models`, or answers with the first name that two of them share.
    pub(crate) fn new(models: Vec<Model>) -> Result<Self, String> {
        let mut by_name = BTreeMap::new();
        for (position, model) in models.iter().enumerate() {
            for name in std::iter::once(&model.id).chain(&model.aliases) {
                let key = name.as_str().to_lowercase().into_boxed_str();
                match by_name.insert(key, position) {
                    // An alias that differs from its own model's name in case only is harmless.
                    Some(other) if other != position => return Err(name.to_string()),
                    _ => {}
                }
            }
        }
        for (position, model) in models.iter().enumerate() {
            by_name.insert(Box::from(model.id.as_str()), position);
        }
        Ok(Self { models, by_name })
    }

    pub(crate) fn models(&self) -> &[Model] {
        &self.models
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Model> {
        let position = match self.by_name.get(name) {
            Some(position) => Some(position),
            // No key is longer than a model name, so a huge name is not worth lowering.
            None if name.len() > 800 => None,
            None => self.by_name.get(name.to_lowercase().as_str()),
        }?;
        self.models.get(*position)
    }
}
