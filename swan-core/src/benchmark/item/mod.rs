//! What a provider is asked.

mod code;
mod draw;
mod math;
mod request;
mod surroundings;
mod value;
mod words;

pub use value::Value;

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::number::Expected;
use crate::{Rng, SeededRng, hexadecimal};
use draw::{Draw, Level};
use surroundings::Surroundings;

/// What an item tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "the seeds know two kinds of items; a third changes every score"
)]
pub enum ItemKind {
    /// A question whose answer is a number.
    Math,
    /// A function to be written.
    Code,
}

impl fmt::Display for ItemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Math => "math",
            Self::Code => "code",
        })
    }
}

/// What an item is drawn from. A hub draws it from randomness that nobody can guess, one for each item, and keeps it to
/// itself until the evidence is opened: whoever knows the seed knows the answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ItemSeed(u64);

impl ItemSeed {
    /// A seed of one's own choice, such as one from evidence.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A seed that nobody can guess, if `rng` is one.
    #[must_use]
    pub fn draw(rng: &mut dyn Rng) -> Self {
        Self(rng.next_u64())
    }

    /// The seed as a number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Debug for ItemSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Names an item by what it asks and what answers it, whatever surrounds the question.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ItemId([u8; 16]);

impl ItemId {
    /// The id of these bytes, as they were stored.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hexadecimal::write(&self.0, f)
    }
}

impl fmt::Debug for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What answers an item; it never leaves the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a grader must know every kind of key"
)]
pub enum Key {
    /// A number.
    Number(Expected),
    /// What a function must do.
    Program(Program),
}

/// A function that an item asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Program {
    /// The name that it must have.
    pub function: String,
    /// What it must give, edge cases among it.
    pub cases: Vec<Case>,
    /// A Python function that does; graders prove themselves by it.
    pub solution: String,
}

/// One call of a function, and what it must give.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a call and its result")]
pub struct Case {
    /// The arguments, by position.
    pub arguments: Vec<Value>,
    /// What it must give.
    pub result: Value,
}

/// One question to a provider's model, as an ordinary request, with its answer.
///
/// The same kind and seed give the same item always, on every machine, so that a seed is evidence. Different seeds give
/// different questions: the numbers, names and rules of each family are drawn from so many that they do not come again.
///
/// ```
/// use swan_core::benchmark::{Item, ItemKind, ItemSeed};
///
/// let item = Item::from_seed(ItemKind::Math, ItemSeed::new(7));
/// assert_eq!(item, Item::from_seed(ItemKind::Math, ItemSeed::new(7)));
/// let body: serde_json::Value = serde_json::from_slice(&item.request("qwen3:8b"))?;
/// assert_eq!(body["model"], "qwen3:8b");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    id: ItemId,
    kind: ItemKind,
    seed: ItemSeed,
    family: &'static str,
    level: Level,
    question: String,
    surroundings: Surroundings,
    key: Key,
}

impl Item {
    /// The item of this kind that `seed` gives.
    #[must_use]
    pub fn from_seed(kind: ItemKind, seed: ItemSeed) -> Self {
        let salt = match kind {
            ItemKind::Math => 0x6D61_7468,
            ItemKind::Code => 0x636F_6465,
        };
        let mut rng = SeededRng::new(seed.0 ^ salt);
        let mut draw = Draw::new(&mut rng);
        let (family, question, key) = match kind {
            ItemKind::Math => {
                let (family, ask) = pick(&mut draw, math::FAMILIES);
                let question = ask(&mut draw);
                (family, question.text, Key::Number(question.answer))
            }
            ItemKind::Code => {
                let (family, ask) = pick(&mut draw, code::FAMILIES);
                let task = ask(&mut draw);
                (family, task.text, Key::Program(task.program))
            }
        };
        let surroundings = Surroundings::draw(kind, &mut draw);
        Self {
            id: identify(kind, &question),
            kind,
            seed,
            family,
            level: draw.level(),
            question,
            surroundings,
            key,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn id(&self) -> ItemId {
        self.id
    }

    /// What it tests.
    #[must_use]
    pub const fn kind(&self) -> ItemKind {
        self.kind
    }

    /// What it was drawn from.
    #[must_use]
    pub const fn seed(&self) -> ItemSeed {
        self.seed
    }

    /// The family of questions that it belongs to.
    #[must_use]
    pub const fn family(&self) -> &'static str {
        self.family
    }

    /// How hard it is, from 1 to 3.
    #[must_use]
    pub const fn level(&self) -> u8 {
        match self.level {
            Level::Easy => 1,
            Level::Medium => 2,
            Level::Hard => 3,
        }
    }

    /// The question without what surrounds it.
    #[must_use]
    pub fn question(&self) -> &str {
        &self.question
    }

    /// What answers it. It must never leave the hub.
    #[must_use]
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// Whether the answer comes as a stream.
    #[must_use]
    pub const fn is_streamed(&self) -> bool {
        self.surroundings.is_streamed()
    }

    /// The body of an ordinary chat request to `model`, in JSON.
    #[must_use]
    pub fn request(&self, model: &str) -> Vec<u8> {
        request::body(model, &self.question, &self.surroundings).into_bytes()
    }
}

fn pick<T: Copy>(draw: &mut Draw<'_>, (first, more): (T, &[T])) -> T {
    let last = i64::try_from(more.len()).unwrap_or(0);
    let index = usize::try_from(draw.int(-1, last - 1));
    index
        .ok()
        .and_then(|i| more.get(i))
        .copied()
        .unwrap_or(first)
}

fn identify(kind: ItemKind, question: &str) -> ItemId {
    let mut hash = Sha256::new();
    hash.update(kind.to_string());
    hash.update([0]);
    hash.update(question);
    let digest: [u8; 32] = hash.finalize().into();
    let mut id = [0; 16];
    id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    ItemId(id)
}
