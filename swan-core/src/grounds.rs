use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::PolicyStamp;

/// Why something was decided: the rule, the policy that it stands in, and the facts that it was applied to.
///
/// Whoever is decided about reads this, so a rule is named by its source and a fact says what was found and what was needed.
///
/// ```
/// use swan_core::{Fact, Grounds, Policy};
///
/// let grounds = Grounds::new("Seed 001, Slashing Conditions: benchmark failure (1st)", Policy::swan_2_0().stamp().clone())
///     .with(Fact::new("math accuracy", "42%").needed("at least 50%"));
/// assert!(grounds.to_string().contains("math accuracy was 42%, needed at least 50%"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::exhaustive_structs,
    reason = "rules of one's own build grounds too"
)]
pub struct Grounds {
    /// The rule, named by its source.
    pub rule: Cow<'static, str>,
    /// The policy that it stands in.
    pub policy: PolicyStamp,
    /// The facts that it was applied to, the most telling first.
    pub evidence: Vec<Fact>,
}

impl Grounds {
    /// A decision by `rule`, without evidence yet.
    #[must_use]
    pub fn new(rule: impl Into<Cow<'static, str>>, policy: PolicyStamp) -> Self {
        Self {
            rule: rule.into(),
            policy,
            evidence: Vec::new(),
        }
    }

    /// The same with one more fact.
    #[must_use]
    pub fn with(mut self, fact: Fact) -> Self {
        self.evidence.push(fact);
        self
    }
}

impl fmt::Display for Grounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.rule, self.policy)?;
        for (fact, number) in self.evidence.iter().zip(0..) {
            f.write_str(if number == 0 { ": " } else { "; " })?;
            fact.fmt(f)?;
        }
        Ok(())
    }
}

/// One fact of a decision, as people read it: what, how much, and how much was needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::exhaustive_structs,
    reason = "rules of one's own build facts too"
)]
pub struct Fact {
    /// What was looked at.
    pub name: Cow<'static, str>,
    /// What was found, with its unit.
    pub found: String,
    /// What the rule needed, if it compares.
    pub needed: Option<String>,
}

impl Fact {
    /// A fact that is compared with nothing.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "what goes in here is not needed afterwards, so call sites need no borrows"
    )]
    pub fn new(name: impl Into<Cow<'static, str>>, found: impl ToString) -> Self {
        Self {
            name: name.into(),
            found: found.to_string(),
            needed: None,
        }
    }

    /// The same with what the rule needed.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "what goes in here is not needed afterwards, so call sites need no borrows"
    )]
    pub fn needed(mut self, needed: impl ToString) -> Self {
        self.needed = Some(needed.to_string());
        self
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was {}", self.name, self.found)?;
        match &self.needed {
            Some(needed) => write!(f, ", needed {needed}"),
            None => Ok(()),
        }
    }
}
