use super::{Modality, Model, ModelPrice, Parameters, Tier, TokenPrice, name};
use crate::ModelId;

/// Why a model outside the catalogue is not served. The text is meant for the provider who offered it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelRefusal {
    /// Its name breaks the rules for model names.
    #[error("{0}")]
    Name(#[from] crate::IdError),
    /// The policy has no price for what it does.
    #[error("{name} is an {modality} model, and there is no price for those outside the catalogue")]
    Unpriced {
        /// The name of the model.
        name: ModelId,
        /// What its name says that it does.
        modality: Modality,
    },
    /// It is larger than the largest class with a price.
    #[error(
        "{name} has about {million_parameters} million parameters, and the largest priced class ends at {largest}"
    )]
    TooLarge {
        /// The name of the model.
        name: ModelId,
        /// Its size, from its name.
        million_parameters: u64,
        /// Where the largest class ends, in millions of parameters.
        largest: u64,
    },
}

/// A price for chat models of a certain size.
#[derive(Clone, Debug)]
pub(crate) struct Class {
    pub(crate) up_to_million_parameters: u64,
    pub(crate) tier: Tier,
    pub(crate) min_vram_gb: u32,
    pub(crate) price: TokenPrice,
}

/// A price for models that do something else than chat, whatever their size.
#[derive(Clone, Debug)]
pub(crate) struct Utility {
    pub(crate) modality: Modality,
    pub(crate) tier: Tier,
    pub(crate) min_vram_gb: u32,
    pub(crate) price: ModelPrice,
}

/// The classes of a policy, those of chat in rising order of size.
#[derive(Clone, Debug)]
pub(crate) struct Classes {
    pub(crate) utility: Vec<Utility>,
    pub(crate) ascending: Vec<Class>,
    pub(crate) unknown_million_parameters: u64,
    pub(crate) max_output_tokens: u64,
}

impl Classes {
    /// The model of this name, priced as its size is, or as what it does; `declared` where its server says what that is.
    pub(crate) fn classify(
        &self,
        name: &str,
        declared: Option<Modality>,
    ) -> Result<Model, ModelRefusal> {
        let id = ModelId::new(name)?;
        let lower = id.as_str().to_lowercase();
        let modality = declared.unwrap_or_else(|| name::modality(&lower));
        if modality != Modality::Chat {
            return self.utility(id, modality);
        }
        let named = name::million_parameters(&lower);
        let size = named.unwrap_or(self.unknown_million_parameters);
        let class = self
            .ascending
            .iter()
            .find(|class| size <= class.up_to_million_parameters);
        let Some(class) = class else {
            let largest = self
                .ascending
                .last()
                .map_or(0, |class| class.up_to_million_parameters);
            return Err(ModelRefusal::TooLarge {
                name: id,
                million_parameters: size,
                largest,
            });
        };
        Ok(Model {
            id,
            aliases: Vec::new(),
            tier: class.tier,
            modality,
            parameters: named.map(Parameters::Dense),
            price: ModelPrice::Tokens(class.price),
            payout: None,
            comparisons: Vec::new(),
            min_vram_gb: class.min_vram_gb,
            context_length: None,
            max_output_tokens: self.max_output_tokens,
        })
    }

    fn utility(&self, id: ModelId, modality: Modality) -> Result<Model, ModelRefusal> {
        let mut classes = self.utility.iter();
        match classes.find(|class| class.modality == modality) {
            None => Err(ModelRefusal::Unpriced { name: id, modality }),
            Some(class) => Ok(Model {
                id,
                aliases: Vec::new(),
                tier: class.tier,
                modality,
                parameters: None,
                price: class.price,
                payout: None,
                comparisons: Vec::new(),
                min_vram_gb: class.min_vram_gb,
                context_length: None,
                max_output_tokens: self.max_output_tokens,
            }),
        }
    }
}
