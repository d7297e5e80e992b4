//! From the free text that drivers and tools call a card to one name for it.

use std::fmt;

use super::HardwareError;

/// How a data-centre card is built in, where its name says so; some come in several forms with different worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum GpuForm {
    /// A module on the board.
    Sxm,
    /// A card in a slot.
    Pcie,
    /// Two cards joined by a bridge.
    Nvl,
}

/// What a card is called, in one spelling whoever tells: `GeForce RTX 4090`, `nvidia rtx4090` and `RTX-4090` are one.
///
/// Variants that differ in what they can do stay apart: `RTX 4090 D`, `RTX 3070 Laptop GPU`, a slice of a card (MIG).
///
/// ```
/// use swan_core::hardware::GpuName;
///
/// let name = GpuName::parse("NVIDIA A100-SXM4-80GB")?;
/// assert_eq!((name.family(), name.memory_gb()), ("a100", Some(80)));
/// assert_eq!(GpuName::parse("NVIDIA GeForce RTX 3070 Laptop GPU")?.family(), "rtx-3070-laptop");
/// assert_eq!(GpuName::parse("Apple M2 Max (38 GPU cores)")?.family(), "apple-m2-max");
/// # Ok::<(), swan_core::hardware::HardwareError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GpuName {
    family: String,
    memory_gb: Option<u64>,
    form: Option<GpuForm>,
}

/// No card is called longer than this.
const NAME_BYTES_MAX: usize = 128;

/// Words that tell nothing about which card it is.
const NOISE: [&str; 34] = [
    "nvidia",
    "geforce",
    "tesla",
    "quadro",
    "amd",
    "ati",
    "radeon",
    "intel",
    "corporation",
    "inc",
    "r",
    "tm",
    "c",
    "graphics",
    "gpu",
    "card",
    "video",
    "adapter",
    "generation",
    "lovelace",
    "pascal",
    "edition",
    "founders",
    "oem",
    "series",
    "desktop",
    "lhr",
    "lite",
    "hash",
    "rate",
    "hbm2",
    "hbm2e",
    "hbm3",
    "hbm3e",
];

/// Words that people write together with the number after them.
const PREFIXES: [&str; 5] = ["rtx", "gtx", "gt", "rx", "arc"];

/// Words that people write together with the number before them.
const SUFFIXES: [&str; 8] = ["ti", "super", "s", "d", "m", "xt", "xtx", "gre"];

impl GpuName {
    /// Reads what `nvidia-smi`, Ollama, `system_profiler`, `lspci` or a person calls a card.
    ///
    /// # Errors
    ///
    /// [`HardwareError`] when the text is longer than 128 bytes, holds control characters, or names nothing.
    pub fn parse(text: &str) -> Result<Self, HardwareError> {
        let named = |reason| HardwareError::Name { reason };
        if text.len() > NAME_BYTES_MAX {
            return Err(named("it is longer than 128 bytes"));
        }
        if text.chars().any(char::is_control) {
            return Err(named("it holds control characters"));
        }
        let words = words(text);
        if let Some(family) = apple(&words) {
            return Ok(Self {
                family,
                memory_gb: None,
                form: None,
            });
        }
        let name = Self::from_words(&words);
        if name.family.is_empty() {
            return Err(named("it names no card"));
        }
        Ok(name)
    }

    fn from_words(words: &[String]) -> Self {
        // A slice has neither the memory nor the form of the card that it is cut from.
        let slice = words.iter().any(|word| word == "mig");
        let workstation = words.iter().any(|word| is_workstation(word));
        let (mut memory_gb, mut form, mut family) = (None, None, Vec::<String>::new());
        let mut rest = words.iter().map(String::as_str).peekable();
        while let Some(word) = rest.next() {
            let next = rest.peek().copied().unwrap_or("");
            if !slice && let Some(gb) = gigabytes(word, next) {
                memory_gb = Some(gb);
            } else if !slice && let Some(found) = form_of(word) {
                form = Some(found);
            } else if word == "max" && next == "q" {
                family.push("laptop".to_owned());
            } else if NOISE.contains(&word)
                || matches!(word, "q" | "gb" | "gib")
                || (word == "rtx" && workstation)
                || is_count(word)
            {
                // Tells nothing.
            } else {
                family.push(spelled(word, family.last().map(String::as_str)));
            }
        }
        if let Some(prefix) = family.first().and_then(|word| bare_geforce(word)) {
            family.insert(0, prefix.to_owned());
        }
        Self {
            family: family.join("-"),
            memory_gb,
            form,
        }
    }

    /// The card without its memory and form: `h100`, `rtx-4090-d`, `apple-m2-max`.
    #[must_use]
    pub fn family(&self) -> &str {
        &self.family
    }

    /// The memory that the name itself tells, in GB.
    #[must_use]
    pub const fn memory_gb(&self) -> Option<u64> {
        self.memory_gb
    }

    /// The form that the name tells.
    #[must_use]
    pub const fn form(&self) -> Option<GpuForm> {
        self.form
    }

    /// Whether this is a chip of Apple, whose memory processor and GPU share.
    #[must_use]
    pub fn is_apple(&self) -> bool {
        self.family == "apple" || self.family.starts_with("apple-")
    }
}

impl fmt::Display for GpuName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.family)?;
        match self.form {
            Some(GpuForm::Sxm) => f.write_str(" sxm")?,
            Some(GpuForm::Pcie) => f.write_str(" pcie")?,
            Some(GpuForm::Nvl) => f.write_str(" nvl")?,
            None => {}
        }
        match self.memory_gb {
            Some(gb) => write!(f, " {gb} GB"),
            None => Ok(()),
        }
    }
}

/// The lower-case words of a name, with what people write together taken apart.
fn words(text: &str) -> Vec<String> {
    // `lspci` puts the name that people know into brackets behind the chip's own.
    let inner = text
        .split_once('[')
        .and_then(|(_, rest)| rest.split_once(']'))
        .map_or(text, |(inner, _)| inner);
    let lower = inner.to_ascii_lowercase();
    let mut words = Vec::new();
    for word in lower.split(|c: char| !c.is_ascii_alphanumeric()) {
        let prefix = PREFIXES.iter().find_map(|prefix| {
            let rest = word.strip_prefix(prefix)?;
            rest.starts_with(|c: char| c.is_ascii_digit())
                .then_some((*prefix, rest))
        });
        let word = match prefix {
            Some((prefix, rest)) => {
                words.push(prefix.to_owned());
                rest
            }
            None => word,
        };
        let digits = word.bytes().take_while(u8::is_ascii_digit).count();
        match word.split_at_checked(digits) {
            Some((number, suffix)) if (3..=4).contains(&digits) && SUFFIXES.contains(&suffix) => {
                words.extend([number.to_owned(), suffix.to_owned()]);
            }
            _ if word.is_empty() => {}
            _ => words.push(word.to_owned()),
        }
    }
    words
}

/// The chip of a Mac, from `Apple M2 Max (38 GPU cores)` or a bare `M3 Pro`; a bare `M4` is a card of NVIDIA's.
fn apple(words: &[String]) -> Option<String> {
    let said = words.iter().any(|word| word == "apple");
    let is_chip = |word: &str| {
        word.strip_prefix('m')
            .is_some_and(|n| (1..=2).contains(&n.len()) && n.bytes().all(|b| b.is_ascii_digit()))
    };
    let is_grade = |word: &str| matches!(word, "pro" | "max" | "ultra");
    let mut after = words.iter().map(String::as_str).skip_while(|w| !is_chip(w));
    match (after.next(), after.next()) {
        (Some(chip), Some(grade)) if is_grade(grade) => Some(format!("apple-{chip}-{grade}")),
        (Some(chip), _) if said => Some(format!("apple-{chip}")),
        _ => said.then(|| "apple".to_owned()),
    }
}

/// A word in the one spelling that it has here, given the word before.
fn spelled(word: &str, before: Option<&str>) -> String {
    let after_number = before.is_some_and(|b| b.bytes().all(|b| b.is_ascii_digit()));
    let spelled = match word {
        "mobile" => "laptop",
        "s" if after_number => "super",
        "m" if after_number => "laptop",
        other => other,
    };
    spelled.to_owned()
}

/// `80gb`, or `80` before `gb`.
fn gigabytes(word: &str, next: &str) -> Option<u64> {
    let digits = match ["gib", "gb", "g"].iter().find_map(|u| word.strip_suffix(u)) {
        Some(digits) => digits,
        None if matches!(next, "gb" | "gib") => word,
        None => return None,
    };
    let plain = (1..=4).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

fn form_of(word: &str) -> Option<GpuForm> {
    match word {
        "sxm" | "sxm2" | "sxm3" | "sxm4" | "sxm5" => Some(GpuForm::Sxm),
        "pcie" => Some(GpuForm::Pcie),
        "nvl" => Some(GpuForm::Nvl),
        _ => None,
    }
}

/// `a6000`: some write "RTX" before it and some do not.
fn is_workstation(word: &str) -> bool {
    word.strip_prefix('a')
        .is_some_and(|n| n.len() == 4 && n.bytes().all(|b| b.is_ascii_digit()))
}

/// `2x` or `x2`: how many there are is told elsewhere.
fn is_count(word: &str) -> bool {
    let count = word.strip_suffix('x').or_else(|| word.strip_prefix('x'));
    count.is_some_and(|n| (1..=2).contains(&n.len()) && n.bytes().all(|b| b.is_ascii_digit()))
}

/// What a number such as `4090` or `1660`, which people write alone, stands behind.
fn bare_geforce(word: &str) -> Option<&'static str> {
    match word.as_bytes() {
        [b'2'..=b'5', b'0', b'5'..=b'9', b'0'] => Some("rtx"),
        [b'1', b'0' | b'6', b'3'..=b'8', b'0'] => Some("gtx"),
        _ => None,
    }
}
