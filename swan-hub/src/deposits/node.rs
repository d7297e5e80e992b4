//! What a node of a chain is asked.

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{Address, Hash};

/// A block as far as it matters: its place and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "nodes build blocks")]
pub struct Block {
    /// Its height.
    pub number: u64,
    /// Its hash.
    pub hash: Hash,
}

/// How far a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "nodes build tips")]
pub struct Tip {
    /// The youngest block that it knows.
    pub latest: u64,
    /// The youngest block that the chain itself calls final; `None` when it tells of none.
    pub finalized: Option<u64>,
}

/// One line of a block's log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "nodes build logs")]
pub struct Log {
    /// The contract that wrote it.
    pub address: Address,
    /// What it is about; the first says what kind it is.
    pub topics: Vec<Hash>,
    /// The rest.
    pub data: Vec<u8>,
    /// In which block it stands.
    pub block: Block,
    /// The transaction that caused it.
    pub transaction: Hash,
    /// Its place in the block's log.
    pub index: u64,
}

/// Which lines are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogQuery {
    /// The contracts that wrote them.
    pub addresses: Vec<Address>,
    /// What each topic is; `None` for any.
    pub topics: Vec<Option<Hash>>,
    /// The first block.
    pub from: u64,
    /// The last block.
    pub upto: u64,
}

impl LogQuery {
    /// Whether a line is one of those.
    #[must_use]
    pub fn fits(&self, log: &Log) -> bool {
        let topics = self.topics.iter().enumerate();
        (self.from..=self.upto).contains(&log.block.number)
            && self.addresses.contains(&log.address)
            && topics.into_iter().all(|(place, wanted)| {
                wanted.is_none_or(|wanted| log.topics.get(place) == Some(&wanted))
            })
    }
}

/// Why a node did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// It did not answer, or not in time.
    #[error("{what}")]
    Away {
        /// What went wrong; without secrets.
        what: String,
    },
    /// What was asked for is more than it tells at once; less may be asked for.
    #[error("the node does not tell so much at once: {what}")]
    TooMuch {
        /// What it said.
        what: String,
    },
    /// It said no.
    #[error("the node refused: {what}")]
    Refused {
        /// What it said.
        what: String,
    },
    /// What it said makes no sense.
    #[error("the node's answer makes no sense: {what}")]
    Malformed {
        /// What was wrong with it.
        what: String,
    },
}

impl NodeError {
    pub(crate) fn malformed(what: impl Into<String>) -> Self {
        Self::Malformed { what: what.into() }
    }
}

/// A node of a chain; [`Rpc`](super::rpc::Rpc) is one that is reached by JSON-RPC.
///
/// # Contract
///
/// * Each call answers within bounded time and with bounded memory, whatever is at the other end.
/// * Nothing that a node says is believed alone where several are configured, and nothing is believed that contradicts itself.
#[async_trait]
pub trait ChainNode: fmt::Debug + Send + Sync + 'static {
    /// What it is called in logs and figures; without secrets.
    fn name(&self) -> &str;

    /// The number of the chain that it is of.
    ///
    /// # Errors
    /// When it does not answer, or makes no sense.
    async fn chain(&self) -> Result<u64, NodeError>;

    /// How far it is.
    ///
    /// # Errors
    /// When it does not answer, or makes no sense.
    async fn tip(&self) -> Result<Tip, NodeError>;

    /// The block at this height, as the node sees it now.
    ///
    /// # Errors
    /// When it does not answer, or makes no sense.
    async fn block(&self, number: u64) -> Result<Option<Block>, NodeError>;

    /// Lines of the logs of a range of blocks, in any order.
    ///
    /// # Errors
    /// [`NodeError::TooMuch`] when fewer blocks have to be asked for.
    async fn logs(&self, query: &LogQuery) -> Result<Vec<Log>, NodeError>;

    /// What a contract answers to a call that changes nothing.
    ///
    /// # Errors
    /// [`NodeError::Refused`] when the contract does not know the call.
    async fn call(&self, contract: Address, data: &[u8]) -> Result<Vec<u8>, NodeError>;
}

const _: fn(&dyn ChainNode) = |_| {}; // Object safety is part of the contract.
