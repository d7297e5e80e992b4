//! Which tier a machine belongs to, and why.

use super::{HardwareRules, HardwareTier, Machine};
use crate::{Fact, Grounds, PolicyStamp};

/// What a machine counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HardwareClass {
    /// It may serve, as this tier.
    Tier(HardwareTier),
    /// It may not: a legacy card, or too little memory.
    Rejected,
    /// Not enough was told; the facts say what is missing. It is not rejected (public record 1.4, `register`).
    Unknown,
}

/// A class with its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Classification {
    /// What the machine counts as.
    pub class: HardwareClass,
    /// Why, the most telling first.
    pub facts: Vec<Fact>,
}

impl Classification {
    /// The tier, when there is one.
    #[must_use]
    pub const fn tier(&self) -> Option<HardwareTier> {
        match self.class {
            HardwareClass::Tier(tier) => Some(tier),
            HardwareClass::Rejected | HardwareClass::Unknown => None,
        }
    }

    /// The decision as it is recorded.
    #[must_use]
    pub fn grounds(&self, policy: &PolicyStamp) -> Grounds {
        let mut grounds = Grounds::new("Seed 001, Hardware Tiers", policy.clone());
        grounds.evidence.clone_from(&self.facts);
        grounds
    }

    fn new(class: HardwareClass, facts: Vec<Fact>) -> Self {
        Self { class, facts }
    }
}

impl HardwareRules {
    /// The tier of a machine, by the memory of one of its cards (Seed 001, "Hardware Tiers": "Min VRAM" of example cards).
    ///
    /// Several cards do not add up to a higher tier, since the tier says what kind of card it is; what they can serve
    /// together is for [`serves`](Self::serves) to say. A tier that the policy's table names for a card is the
    /// highest that it counts as: the seed lists the A6000 under A although its 48 GB would do for S, and there it also
    /// serves what its memory allows.
    #[must_use]
    pub fn classify(&self, machine: &Machine) -> Classification {
        if machine.is_apple() {
            return self.classify_mac(machine);
        }
        let mut facts = Vec::new();
        if let Some(legacy) = self.legacy_fact(machine) {
            return Classification::new(HardwareClass::Rejected, vec![legacy]);
        }
        let Some(mib) = self.nominal_mib(machine) else {
            facts.extend(machine.name().map(|name| Fact::new("GPU", name)));
            facts.push(Fact::new("memory of a card", "not told").needed("vram_gb above 0"));
            return Classification::new(HardwareClass::Unknown, facts);
        };
        let memory = self.memory_fact(machine, mib);
        let Some(by_memory) = self.tier_of(mib) else {
            let least = self.least_gb();
            facts.push(memory.needed(format_args!("at least {least} GB")));
            return Classification::new(HardwareClass::Rejected, facts);
        };
        let Some(name) = machine.name() else {
            // A legacy card is known by its name alone, so a card without one may be any.
            let name = Fact::new("name of the card", "not told").needed("gpu_model");
            return Classification::new(HardwareClass::Unknown, vec![name, memory]);
        };
        let least = |tier| self.tier(tier).map_or(0, super::TierRule::min_memory_gb);
        let named = self
            .named_tier(name)
            .filter(|named| least(*named) < least(by_memory));
        let tier = named.unwrap_or(by_memory);
        let needed = least(tier);
        facts.push(memory.needed(format_args!("{needed} GB for tier {tier}")));
        facts.push(Fact::new("GPU", name));
        if named.is_some() {
            facts.push(Fact::new(
                "highest tier that the policy names for this card",
                tier,
            ));
        }
        Classification::new(HardwareClass::Tier(tier), facts)
    }

    fn classify_mac(&self, machine: &Machine) -> Classification {
        let least = self
            .tier(HardwareTier::MacOs)
            .map_or(0, super::TierRule::min_memory_gb);
        let chip = machine.name().map(|name| Fact::new("GPU", name));
        let needed = |fact: Fact| fact.needed(format_args!("at least {least} GB"));
        let (class, memory) = match machine.memory().at_least_mib() {
            None => {
                let fact = Fact::new("unified memory", "not told");
                (HardwareClass::Unknown, fact.needed("vram_gb above 1"))
            }
            Some(mib) => {
                let fact = needed(Fact::new("unified memory", gb(mib)));
                if mib >= least.saturating_mul(1_024) {
                    (HardwareClass::Tier(HardwareTier::MacOs), fact)
                } else {
                    (HardwareClass::Rejected, fact)
                }
            }
        };
        let facts = std::iter::once(memory).chain(chip).collect();
        Classification::new(class, facts)
    }

    fn legacy_fact(&self, machine: &Machine) -> Option<Fact> {
        if let Some(name) = machine.name()
            && self.is_legacy(name)
        {
            return Some(
                Fact::new("GPU", name).needed("a card that is not on the list of legacy cards"),
            );
        }
        let (least, tenths) = (self.legacy_below?, machine.compute_capability_tenths()?);
        let dotted = |tenths: u64| format!("{}.{}", tenths / 10, tenths % 10);
        (tenths < least).then(|| {
            Fact::new("compute capability", dotted(tenths))
                .needed(format_args!("at least {}", dotted(least)))
        })
    }

    /// The memory in gigabytes, and what was reported where that is something else.
    pub(super) fn memory_fact(&self, machine: &Machine, mib: u64) -> Fact {
        let listed = self.row(machine).map(|row| row.memory_gb);
        let found = match listed {
            Some(nominal) => format!("{nominal} GB (reported: {})", machine.memory()),
            None => format!("about {} (reported: {})", gb(mib), machine.memory()),
        };
        Fact::new("memory of a card", found)
    }

    fn least_gb(&self) -> u64 {
        let cards = self
            .tiers
            .iter()
            .filter(|(tier, _)| **tier != HardwareTier::MacOs);
        cards.map(|(_, rule)| rule.min_memory_gb).min().unwrap_or(0)
    }
}

/// `24 GB`, `7.5 GB`: MiB as gigabytes with one place, rounded down.
pub(super) fn gb(mib: u64) -> String {
    let tenths = mib.saturating_mul(10) / 1_024;
    match tenths % 10 {
        0 => format!("{} GB", tenths / 10),
        rest => format!("{}.{rest} GB", tenths / 10),
    }
}
