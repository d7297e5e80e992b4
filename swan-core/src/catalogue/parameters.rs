use std::fmt;

/// How large a model is, as the seeds list it: `70B`, `17B MoE` (Seed 001, "Tiered Model Catalog").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Parameters {
    /// Millions of parameters, all of which work on each token.
    Dense(u64),
    /// Millions of parameters that work on one token; all experts together are more.
    MixtureOfExperts(u64),
}

impl Parameters {
    /// Millions of parameters that work on one token.
    #[must_use]
    pub const fn millions(self) -> u64 {
        match self {
            Self::Dense(millions) | Self::MixtureOfExperts(millions) => millions,
        }
    }
}

impl fmt::Display for Parameters {
    /// Writes billions, and millions below one billion: `70B`, `1.55B`, `335M`, `17B MoE`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millions = self.millions();
        let (whole, rest) = (millions / 1_000, millions % 1_000);
        match (whole, rest) {
            (0, rest) => write!(f, "{rest}M")?,
            (whole, 0) => write!(f, "{whole}B")?,
            (whole, rest) => {
                let digits = format!("{rest:03}");
                write!(f, "{whole}.{}B", digits.trim_end_matches('0'))?;
            }
        }
        match self {
            Self::Dense(_) => Ok(()),
            Self::MixtureOfExperts(_) => f.write_str(" MoE"),
        }
    }
}
