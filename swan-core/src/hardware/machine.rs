//! What a provider reports about its machine, checked.

use std::fmt;
use std::num::NonZeroU64;

use super::{GpuName, HardwareError};
use crate::protocol::Hardware;

/// The memory of one card as it was reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReportedMemory {
    /// Nothing was told. The protocol writes 0, which is not "no memory" (public record 1.4, `register`).
    Unknown,
    /// Mebibytes, as a driver counts them.
    Mebibytes(u64),
    /// Whole gigabytes, which some agents round and some cut off: 23 may be a 24 GB card that shows 24,564 MiB.
    Gigabytes(u64),
}

impl ReportedMemory {
    /// The least that was told, in MiB.
    #[must_use]
    pub const fn at_least_mib(self) -> Option<u64> {
        match self {
            Self::Unknown => None,
            Self::Mebibytes(mib) => Some(mib),
            Self::Gigabytes(gb) => Some(gb.saturating_mul(1_024)),
        }
    }

    /// The most that may be meant, in MiB.
    #[must_use]
    pub const fn at_most_mib(self) -> Option<u64> {
        match self {
            Self::Unknown => None,
            Self::Mebibytes(mib) => Some(mib),
            Self::Gigabytes(gb) => Some(gb.saturating_mul(1_024).saturating_add(1_023)),
        }
    }
}

impl fmt::Display for ReportedMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("unknown"),
            Self::Mebibytes(mib) => write!(f, "{mib} MiB"),
            Self::Gigabytes(gb) => write!(f, "{gb} GB"),
        }
    }
}

/// A provider's GPUs: believable, but not believed. What it is worth is for [`HardwareRules`](super::HardwareRules) to say.
///
/// A machine reports one kind of card and how many of it; memory is that of one card, or the unified memory of a Mac.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Machine {
    name: Option<GpuName>,
    memory: ReportedMemory,
    cards: Option<NonZeroU64>,
    compute_capability_tenths: Option<u64>,
}

/// More than any card has, in MiB.
const MEMORY_MIB_MAX: u64 = 10_000 * 1_024;
/// More than any one machine has.
const CARDS_MAX: u64 = 1_024;

impl Machine {
    /// A machine with `cards` cards (0: unknown) of this name (empty: unknown), each with `memory` (0: unknown).
    ///
    /// ```
    /// use swan_core::hardware::{Machine, ReportedMemory};
    ///
    /// let machine = Machine::new("NVIDIA GeForce RTX 4090", ReportedMemory::Mebibytes(24_564), 2)?;
    /// assert_eq!((machine.name().map(|name| name.family()), machine.cards()), (Some("rtx-4090"), Some(2)));
    /// # Ok::<(), swan_core::hardware::HardwareError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`HardwareError`] for a name that is none, more than 10,000 GB a card, or more than 1,024 cards.
    pub fn new(name: &str, memory: ReportedMemory, cards: u64) -> Result<Self, HardwareError> {
        let name = match name.trim() {
            "" | "unknown" | "Unknown" | "N/A" | "[N/A]" => None,
            text => Some(GpuName::parse(text)?),
        };
        if memory
            .at_least_mib()
            .is_some_and(|mib| mib > MEMORY_MIB_MAX)
        {
            return Err(HardwareError::Absurd {
                field: "vram_gb",
                value: memory.to_string(),
                rule: "a card has at most 10000 GB",
            });
        }
        if cards > CARDS_MAX {
            return Err(HardwareError::Absurd {
                field: "gpu_count",
                value: cards.to_string(),
                rule: "a machine has at most 1024 cards",
            });
        }
        let apple = name.as_ref().is_some_and(GpuName::is_apple);
        let memory = match memory {
            ReportedMemory::Mebibytes(0) | ReportedMemory::Gigabytes(0) => ReportedMemory::Unknown,
            // Earlier agents report 1 GB for the unified memory of a Mac (public record 1.4).
            ReportedMemory::Gigabytes(1) if apple => ReportedMemory::Unknown,
            told => told,
        };
        Ok(Self {
            name,
            memory,
            cards: NonZeroU64::new(cards),
            compute_capability_tenths: None,
        })
    }

    /// The machine that a registration or heartbeat describes (public record 1.4, `register`).
    ///
    /// # Errors
    ///
    /// As [`Machine::new`], and for a compute capability that is no number such as `8.9`.
    pub fn reported(hardware: &Hardware) -> Result<Self, HardwareError> {
        let memory = ReportedMemory::Gigabytes(hardware.vram_gb);
        let apple = hardware.gpu_type.eq_ignore_ascii_case("apple");
        let model = hardware.gpu_model.trim();
        let unnamed = !model.to_ascii_lowercase().contains("apple");
        let name = if apple && unnamed {
            format!("Apple {model}")
        } else {
            model.to_owned()
        };
        let mut machine = Self::new(&name, memory, hardware.gpu_count)?;
        machine.compute_capability_tenths = compute_capability(&hardware.compute_capability)?;
        Ok(machine)
    }

    /// What its cards are called; `None` when not told.
    #[must_use]
    pub const fn name(&self) -> Option<&GpuName> {
        self.name.as_ref()
    }

    /// The memory of one card, or the unified memory of a Mac.
    #[must_use]
    pub const fn memory(&self) -> ReportedMemory {
        self.memory
    }

    /// How many cards; `None` when not told, which counts as one.
    #[must_use]
    pub fn cards(&self) -> Option<u64> {
        self.cards.map(NonZeroU64::get)
    }

    /// The CUDA compute capability in tenths: 89 is 8.9.
    #[must_use]
    pub const fn compute_capability_tenths(&self) -> Option<u64> {
        self.compute_capability_tenths
    }

    /// Whether this is a Mac with Apple's own chip.
    #[must_use]
    pub fn is_apple(&self) -> bool {
        self.name.as_ref().is_some_and(GpuName::is_apple)
    }
}

/// `8.9` is 89 tenths; nothing, `N/A` and 0 mean unknown.
fn compute_capability(text: &str) -> Result<Option<u64>, HardwareError> {
    let text = text.trim();
    if matches!(text, "" | "N/A" | "[N/A]" | "unknown") {
        return Ok(None);
    }
    let absurd = || HardwareError::Absurd {
        field: "compute_capability",
        value: text.chars().take(16).collect(),
        rule: "it is a number such as 8.9",
    };
    let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
    let plain = |part: &str, most: usize| {
        (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
    };
    if !plain(major, 2) || !plain(minor, 1) {
        return Err(absurd());
    }
    let number = |part: &str| part.parse::<u64>().map_err(|_| absurd());
    let tenths = number(major)? * 10 + number(minor)?;
    Ok((tenths > 0).then_some(tenths))
}
