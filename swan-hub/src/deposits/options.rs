use std::time::Duration;

use super::{Address, Token};

/// From when on a block counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finality {
    /// As soon as the chain itself calls it final.
    Finalized,
    /// With so many blocks on it, itself counted: 1 is the youngest block.
    Confirmations(u64),
}

/// What everybody is told of the chain beside its number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChainNames {
    /// What it is called. Swan Chain, Ethereum and Base are known by their numbers.
    pub name: Option<String>,
    /// The URL of a node that anybody may use; never one that the hub reads by.
    pub rpc_url: Option<String>,
    /// Where people look at transactions.
    pub explorer_url: Option<String>,
    /// Where test tokens are given away.
    pub faucet_url: Option<String>,
}

/// What an operator decides about deposits.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DepositOptions {
    /// The chain, by its number.
    pub chain: u64,
    /// The contract through which accounts deposit.
    pub contract: Address,
    /// Where it sends what is deposited.
    pub treasury: Address,
    /// What is taken.
    pub tokens: Vec<Token>,
    /// The first block that is looked at; the first that is final when the hub looks for the first time, unless said.
    pub start_block: Option<u64>,
    /// From when on a block counts. When the chain says so.
    pub finality: Finality,
    /// How many nodes must tell the same before money moves. More than half of them.
    pub agree: usize,
    /// How often the nodes are asked. 5 s.
    pub poll: Duration,
    /// How many blocks are asked for at once, at most. 2,000.
    pub range_blocks: u64,
    /// What everybody is told of the chain.
    pub names: ChainNames,
}

impl DepositOptions {
    /// Deposits by `contract` into `treasury` on `chain`, told by so many nodes.
    #[must_use]
    pub fn new(
        chain: u64,
        (contract, treasury): (Address, Address),
        tokens: Vec<Token>,
        nodes: usize,
    ) -> Self {
        Self {
            chain,
            contract,
            treasury,
            tokens,
            start_block: None,
            finality: Finality::Finalized,
            agree: nodes / 2 + 1,
            poll: Duration::from_secs(5),
            range_blocks: 2_000,
            names: ChainNames::default(),
        }
    }

    /// The same, where blocks count from then on.
    #[must_use]
    pub const fn with_finality(mut self, finality: Finality) -> Self {
        self.finality = finality;
        self
    }

    /// The same, from this block on.
    #[must_use]
    pub const fn with_start_block(mut self, start_block: u64) -> Self {
        self.start_block = Some(start_block);
        self
    }

    /// The same, asking this often.
    #[must_use]
    pub const fn with_poll(mut self, poll: Duration) -> Self {
        self.poll = poll;
        self
    }

    /// The same, with so many nodes that must agree.
    #[must_use]
    pub const fn with_agree(mut self, agree: usize) -> Self {
        self.agree = agree;
        self
    }

    /// The same, asking for so many blocks at once.
    #[must_use]
    pub const fn with_range_blocks(mut self, range_blocks: u64) -> Self {
        self.range_blocks = range_blocks;
        self
    }

    /// The same, with this told of the chain.
    #[must_use]
    pub fn with_names(mut self, names: ChainNames) -> Self {
        self.names = names;
        self
    }

    pub(crate) fn token(&self, address: Address) -> Option<&Token> {
        self.tokens.iter().find(|token| token.address == address)
    }
}
