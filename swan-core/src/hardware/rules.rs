//! What cards count as, how much memory they are believed to have, and what they are worth.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use super::{ComputingUnits, GpuForm, GpuName, HardwareTier, Machine, Quantisations, TierRule};
use crate::BasisPoints;

/// One row of the policy's table of cards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CardRow {
    pub(super) memory_gb: u64,
    pub(super) form: Option<GpuForm>,
    pub(super) units: Option<ComputingUnits>,
    pub(super) tier: Option<HardwareTier>,
}

/// The checked `[hardware]` section of a policy: tiers, cards, legacy cards and quantisations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HardwareRules {
    pub(super) reserve: BasisPoints,
    pub(super) unified_usable: BasisPoints,
    pub(super) cards_per_model_max: u64,
    pub(super) legacy_below: Option<u64>,
    /// Families of cards.
    pub(super) legacy: Vec<String>,
    pub(super) quantisations: Quantisations,
    pub(super) cards: BTreeMap<String, Vec<CardRow>>,
    pub(super) tiers: BTreeMap<HardwareTier, TierRule>,
}

impl HardwareRules {
    /// What a tier asks for and may serve.
    #[must_use]
    pub fn tier(&self, tier: HardwareTier) -> Option<&TierRule> {
        self.tiers.get(&tier)
    }

    /// The share of a card's nominal memory that may be missing from what its driver shows: error correction and
    /// firmware take it.
    #[must_use]
    pub const fn reserve(&self) -> BasisPoints {
        self.reserve
    }

    /// The share of a Mac's memory that models may take.
    #[must_use]
    pub const fn unified_usable(&self) -> BasisPoints {
        self.unified_usable
    }

    /// Over how many equal cards one model is spread at most.
    #[must_use]
    pub const fn cards_per_model_max(&self) -> u64 {
        self.cards_per_model_max
    }

    /// The forms of weights that the policy knows.
    #[must_use]
    pub const fn quantisations(&self) -> &Quantisations {
        &self.quantisations
    }

    /// Whether a card is on the list of those that no longer serve (Seed 001: "TESLA P4, GTX 1050 Ti").
    #[must_use]
    pub fn is_legacy(&self, name: &GpuName) -> bool {
        self.legacy.iter().any(|family| family == name.family())
    }

    /// What a card of this name counts in Swan 1.0's formulas (public record 3.3); `None` when it is not in the table.
    ///
    /// A name that fits several rows, since it tells neither memory nor form, counts as the one that is worth least:
    /// being vague earns nothing.
    ///
    /// ```
    /// use swan_core::Policy;
    ///
    /// let hardware = Policy::swan_2_0().hardware().clone();
    /// let tenths = |name: &str| hardware.computing_units(name).map(|units| units.tenths());
    /// assert_eq!(tenths("NVIDIA H100 80GB HBM3"), Some(280));
    /// assert_eq!(tenths("RTX 4090"), Some(29));
    /// assert_eq!(tenths("a potato"), None);
    /// ```
    #[must_use]
    pub fn computing_units(&self, name: &str) -> Option<ComputingUnits> {
        let name = GpuName::parse(name).ok()?;
        self.units_of(&name, name.memory_gb())
    }

    /// What one card of this machine counts; the memory that it reports tells variants apart which share a name.
    #[must_use]
    pub fn units_of_card(&self, machine: &Machine) -> Option<ComputingUnits> {
        let name = machine.name()?;
        let row = self.row(machine).map(|row| row.memory_gb);
        self.units_of(name, name.memory_gb().or(row))
    }

    fn units_of(&self, name: &GpuName, memory_gb: Option<u64>) -> Option<ComputingUnits> {
        let rows = self.cards.get(name.family())?;
        let fits = |row: &&CardRow, memory: bool, form: bool| {
            (!memory || memory_gb == Some(row.memory_gb)) && (!form || name.form() == row.form)
        };
        // The most specific rows that there are; memory tells more than form.
        [(true, true), (true, false), (false, true), (false, false)]
            .into_iter()
            .find_map(|(memory, form)| {
                let fitting = rows.iter().filter(|row| fits(row, memory, form));
                fitting.filter_map(|row| row.units).min()
            })
    }

    /// The row of the table that this machine's cards are: the largest of its name that the reported memory covers.
    pub(super) fn row(&self, machine: &Machine) -> Option<&CardRow> {
        let name = machine.name()?;
        let rows = self.cards.get(name.family())?;
        let of_form = |row: &&CardRow| match (name.form(), row.form) {
            (Some(mine), Some(rows)) => mine == rows,
            _ => true,
        };
        let Some(mib) = machine.memory().at_most_mib() else {
            let told = rows
                .iter()
                .find(|row| Some(row.memory_gb) == name.memory_gb());
            return told.or_else(|| rows.iter().filter(of_form).min_by_key(|row| row.memory_gb));
        };
        let shown = self.unreserved(mib);
        let covered = rows
            .iter()
            .filter(|row| row.memory_gb.saturating_mul(1_024) <= shown);
        covered.max_by_key(|row| row.memory_gb)
    }

    /// The highest tier that the table names for cards of this name.
    pub(super) fn named_tier(&self, name: &GpuName) -> Option<HardwareTier> {
        self.cards
            .get(name.family())?
            .iter()
            .find_map(|row| row.tier)
    }

    /// The nominal memory of one card in MiB, to be compared with thresholds; for a Mac all of its memory.
    ///
    /// A card of the table has what the table says, even if it reports more; any other card is taken at its word, and a
    /// listed one that reports less than its kind (a slice of a card) as well.
    pub(super) fn nominal_mib(&self, machine: &Machine) -> Option<u64> {
        if machine.is_apple() {
            return machine.memory().at_least_mib();
        }
        if let Some(row) = self.row(machine) {
            return Some(row.memory_gb.saturating_mul(1_024));
        }
        let told = || Some(machine.name()?.memory_gb()?.saturating_mul(1_024));
        let mib = machine.memory().at_least_mib().or_else(told)?;
        Some(self.unreserved(mib))
    }

    /// The memory that one model may take on this machine, in MiB: equal cards pool theirs, a Mac keeps some back.
    pub(super) fn pooled_mib(&self, machine: &Machine) -> Option<u64> {
        let mib = self.nominal_mib(machine)?;
        if machine.is_apple() {
            return Some(mib.saturating_mul(u64::from(self.unified_usable.get())) / 10_000);
        }
        let cards = machine.cards().unwrap_or(1).min(self.cards_per_model_max);
        Some(mib.saturating_mul(cards))
    }

    /// The most nominal memory that may stand behind what a driver shows, in MiB.
    fn unreserved(&self, mib: u64) -> u64 {
        let shown = NonZeroU64::new(u64::from(self.reserve.complement().get()));
        shown.map_or(mib, |shown| mib.saturating_mul(10_000) / shown)
    }

    /// The highest tier whose least memory this covers.
    pub(super) fn tier_of(&self, mib: u64) -> Option<HardwareTier> {
        let cards = self
            .tiers
            .iter()
            .filter(|(tier, _)| **tier != HardwareTier::MacOs);
        cards
            .filter(|(_, rule)| rule.min_memory_gb.saturating_mul(1_024) <= mib)
            .max_by_key(|(_, rule)| rule.min_memory_gb)
            .map(|(tier, _)| *tier)
    }
}
