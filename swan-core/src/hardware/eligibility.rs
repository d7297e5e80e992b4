//! Which models a machine may serve, and why.

use super::classify::gb;
use super::{HardwareClass, HardwareRules, HardwareTier, Machine, Quantisation};
use crate::{Fact, Grounds, Modality, Model, Parameters, PolicyStamp, Tier};

/// Whether a machine may serve a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Eligibility {
    /// It may.
    Eligible,
    /// It may not.
    Ineligible,
    /// Too little is known of the machine.
    Unknown,
}

/// An eligibility with its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verdict {
    /// The decision.
    pub eligibility: Eligibility,
    /// Why, in plain words, the most telling first.
    pub facts: Vec<Fact>,
}

impl Verdict {
    /// Whether the machine may serve the model.
    #[must_use]
    pub fn is_eligible(&self) -> bool {
        self.eligibility == Eligibility::Eligible
    }

    /// The decision as it is recorded.
    #[must_use]
    pub fn grounds(&self, policy: &PolicyStamp) -> Grounds {
        let rule = "Seed 001, Hardware Tiers and Tiered Model Catalog";
        let mut grounds = Grounds::new(rule, policy.clone());
        grounds.evidence.clone_from(&self.facts);
        grounds
    }
}

/// A model as far as hardware is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "callers build it; each part is needed"
)]
pub struct Demand {
    /// Its tier.
    pub tier: Tier,
    /// What it does; only chat models come in several quantisations here.
    pub modality: Modality,
    /// The memory that it needs at least, in GB, in the policy's own quantisation.
    pub min_vram_gb: u64,
    /// Its parameters in millions, where known.
    pub million_parameters: Option<u64>,
}

impl Demand {
    /// The memory that it needs in this quantisation, in thousandths of a GB; unknown ones count as the policy's own.
    ///
    /// The catalogue's figure plus what the weights take more, or less: 70B in 38 GB at 4 bits are 143 GB at 16 bits.
    /// Without a parameter count all of the figure counts as weights.
    #[must_use]
    pub fn needs_mb(&self, quantisation: Option<&Quantisation>, own: &Quantisation) -> u64 {
        let base = self.min_vram_gb.saturating_mul(1_000);
        let (Some(quantisation), Modality::Chat) = (quantisation, self.modality) else {
            return base;
        };
        let [bits, own] = [quantisation, own].map(|q| i128::from(q.centibits()));
        let needed = match self.million_parameters {
            // A million parameters of 8 bits take one thousandth of a GB.
            Some(millions) => {
                i128::from(base) + (i128::from(millions) * (bits - own)).div_euclid(800)
            }
            None => i128::from(base) * bits / own.max(1),
        };
        u64::try_from(needed.max(1)).unwrap_or(u64::MAX)
    }
}

/// The parameters that a model keeps in memory; those that work on a token say little about a mixture of experts.
const fn held(parameters: Parameters) -> Option<u64> {
    match parameters {
        Parameters::Dense(millions) => Some(millions),
        Parameters::MixtureOfExperts(_) => None,
    }
}

impl From<&Model> for Demand {
    fn from(model: &Model) -> Self {
        Self {
            tier: model.tier,
            modality: model.modality,
            min_vram_gb: u64::from(model.min_vram_gb),
            million_parameters: model.parameters.and_then(held),
        }
    }
}

impl HardwareRules {
    /// Whether a machine may serve a model in this quantisation (`None`: not told).
    ///
    /// Two rules hold: the model's tier is one that the machine's tier serves, and the model fits into memory. Equal
    /// cards pool their memory for both, since model servers spread a model over them. More memory never makes a
    /// machine ineligible, and neither do fewer bits.
    ///
    /// ```
    /// use swan_core::Policy;
    /// use swan_core::hardware::{Machine, ReportedMemory};
    ///
    /// let policy = Policy::swan_2_0();
    /// let rules = policy.hardware();
    /// let machine = Machine::new("RTX 4090", ReportedMemory::Mebibytes(24_564), 1)?;
    /// let model = policy.model("qwen3-32b").expect("in the catalogue");
    /// let fp16 = rules.quantisations().find("fp16");
    /// assert!(rules.serves(&machine, &model.into(), None).is_eligible());
    /// assert!(!rules.serves(&machine, &model.into(), fp16).is_eligible());
    /// # Ok::<(), swan_core::hardware::HardwareError>(())
    /// ```
    #[must_use]
    pub fn serves(
        &self,
        machine: &Machine,
        model: &Demand,
        quantisation: Option<&Quantisation>,
    ) -> Verdict {
        let classified = self.classify(machine);
        let eligibility = match classified.class {
            HardwareClass::Tier(tier) => {
                return self.serves_as(tier, machine, model, quantisation);
            }
            HardwareClass::Rejected => Eligibility::Ineligible,
            HardwareClass::Unknown => Eligibility::Unknown,
        };
        Verdict {
            eligibility,
            facts: classified.facts,
        }
    }

    fn serves_as(
        &self,
        tier: HardwareTier,
        machine: &Machine,
        model: &Demand,
        quantisation: Option<&Quantisation>,
    ) -> Verdict {
        let mib = self.pooled_mib(machine).unwrap_or(0);
        let own = self.quantisations().chat();
        let needs = model.needs_mb(quantisation, own);
        let fits = u128::from(needs) * 1_024 <= u128::from(mib) * 1_000;
        let serving = self.serving_tier(tier, mib);
        let models = self.tier(serving).map_or(&[][..], super::TierRule::models);
        let allowed = models.contains(&model.tier);
        let form = quantisation.map_or_else(String::new, |q| format!(" in {q}"));
        let mut needed = format!("about {}{form}", rounded_gb(needs));
        let least = model.needs_mb(None, own);
        if !fits && least < needs {
            needed.push_str(&format!("; {own} would need {}", rounded_gb(least)));
        }
        let memory =
            Fact::new("memory for one model", self.memory_found(machine, mib)).needed(needed);
        let list: Vec<&str> = models.iter().map(|tier| tier.letter()).collect();
        let rights = Fact::new("tier of the model", model.tier).needed(format_args!(
            "one of {}, which tier {serving} serves",
            list.join(", ")
        ));
        let facts = if allowed {
            vec![memory, rights]
        } else {
            vec![rights, memory]
        };
        let eligibility = if allowed && fits {
            Eligibility::Eligible
        } else {
            Eligibility::Ineligible
        };
        Verdict { eligibility, facts }
    }

    /// The tier whose models the machine serves: that of its pooled memory, where that is higher than its own.
    fn serving_tier(&self, own: HardwareTier, mib: u64) -> HardwareTier {
        let least = |tier| self.tier(tier).map_or(0, super::TierRule::min_memory_gb);
        match self.tier_of(mib) {
            Some(pooled) if own != HardwareTier::MacOs && least(pooled) > least(own) => pooled,
            _ => own,
        }
    }

    fn memory_found(&self, machine: &Machine, mib: u64) -> String {
        let cards = machine.cards().unwrap_or(1).min(self.cards_per_model_max);
        match (machine.is_apple(), cards) {
            (true, _) => format!("{} of {}", gb(mib), machine.memory()),
            (false, 1) => gb(mib),
            (false, cards) => format!("{} on {cards} cards", gb(mib)),
        }
    }
}

/// Thousandths of a GB as whole GB, rounded up.
fn rounded_gb(mb: u64) -> String {
    format!("{} GB", mb.div_ceil(1_000))
}
