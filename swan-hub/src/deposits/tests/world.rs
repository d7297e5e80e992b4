//! A chain that forks when it is told to, and nodes of it that lie.

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use swan_core::{AccountId, Currency, ProviderId};

use super::super::hexadecimal::keccak;
use super::super::{
    Address, Block, ChainNode, Hash, Log, LogQuery, NodeError, Tip, Token, Units,
    collateral_reference, reference,
};

pub(super) const CHAIN: u64 = 254;
pub(super) const CONTRACT: Address = Address::new([0xc0; 20]);
pub(super) const TREASURY: Address = Address::new([0x7e; 20]);
/// A token that the contract takes and the hub does not, unless it is told to.
pub(super) const FOREIGN: Address = Address::new([9; 20]);
const PAYER: Address = Address::new([0x9a; 20]);

pub(super) fn tokens() -> Vec<Token> {
    vec![
        Token::new("USDC", Address::new([1; 20]), 6, Currency::Usd),
        Token::new("SWAN", Address::new([2; 20]), 18, Currency::Swan),
    ]
}

/// What somebody does on the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Deposits so many units of a token for an account.
    Deposit(u8, u128, u128),
    /// Deposits with a reference that nobody has.
    Astray(u8, u128),
    /// Deposits so many units of a token as the collateral of a provider.
    Pledge(u8, u128, u128),
    /// Sends past the contract.
    Plain(u8, u128),
    /// Deposits a token that this hub does not take.
    Foreign(u128),
    /// The contract tells of what the token does not.
    Unbacked(u8, u128, u128),
}

/// A transaction, which keeps its hash wherever it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tx {
    pub(super) hash: Hash,
    pub(super) act: Act,
}

#[derive(Clone, Debug)]
struct Mined {
    hash: Hash,
    txs: Vec<Tx>,
}

/// The chain as it is now.
#[derive(Debug, Default)]
pub(super) struct World {
    blocks: Vec<Mined>,
    made: u64,
}

fn word(bytes: &[&[u8]]) -> Hash {
    let digest = bytes
        .iter()
        .fold(Sha256::new(), |all, one| all.chain_update(one));
    Hash::new(digest.finalize().into())
}

impl World {
    /// A chain that has no block with the other one.
    pub(super) fn another() -> Self {
        Self {
            made: 1 << 40,
            ..Self::default()
        }
    }

    pub(super) fn height(&self) -> u64 {
        self.blocks.len() as u64
    }

    fn fresh(&mut self) -> [u8; 8] {
        self.made += 1;
        self.made.to_be_bytes()
    }

    /// A block with these acts in it.
    pub(super) fn mine(&mut self, acts: &[Act]) {
        let txs = acts
            .iter()
            .map(|act| Tx {
                hash: word(&[b"tx", &self.fresh()]),
                act: *act,
            })
            .collect();
        self.mine_txs(txs);
    }

    pub(super) fn mine_txs(&mut self, txs: Vec<Tx>) {
        let hash = word(&[b"block", &self.fresh()]);
        self.blocks.push(Mined { hash, txs });
    }

    /// Takes the youngest blocks away; answers what was in them.
    pub(super) fn fork(&mut self, depth: usize) -> Vec<Tx> {
        let keep = self.blocks.len().saturating_sub(depth);
        let gone = self.blocks.split_off(keep);
        gone.into_iter().flat_map(|block| block.txs).collect()
    }

    /// Everything that stands up to this height.
    pub(super) fn acts(&self, upto: u64) -> Vec<Act> {
        let blocks = self.blocks.iter().take(usize::try_from(upto).unwrap());
        let txs = blocks.flat_map(|block| &block.txs);
        txs.map(|tx| tx.act).collect()
    }

    /// Blocks count from 1.
    fn block(&self, number: u64) -> Option<Block> {
        if number == 0 {
            let hash = Hash::new([0xee; 32]);
            return Some(Block { number, hash });
        }
        let place = usize::try_from(number - 1).unwrap();
        let hash = self.blocks.get(place)?.hash;
        Some(Block { number, hash })
    }

    fn logs(&self, query: &LogQuery) -> Vec<Log> {
        let mut all = Vec::new();
        for (number, mined) in (1..).zip(&self.blocks) {
            let block = Block {
                number,
                hash: mined.hash,
            };
            let mut index = 0;
            for tx in &mined.txs {
                for (address, topics, units) in lines(tx) {
                    let line = Log {
                        address,
                        topics,
                        data: Units::from(units).0.to_vec(),
                        block,
                        transaction: tx.hash,
                        index,
                    };
                    index += 1;
                    if query.fits(&line) {
                        all.push(line);
                    }
                }
            }
        }
        all
    }
}

fn lines(tx: &Tx) -> Vec<(Address, Vec<Hash>, u128)> {
    let token = |n: u8| tokens()[usize::from(n)].address;
    let transfer = |token: Address, units| {
        let topic = keccak("Transfer(address,address,uint256)");
        let topics = vec![topic, PAYER.word(), TREASURY.word()];
        (token, topics, units)
    };
    let deposited = |token: Address, of: Hash, units| {
        let topic = keccak("Deposited(address,address,bytes32,uint256)");
        let topics = vec![topic, token.word(), PAYER.word(), of];
        (CONTRACT, topics, units)
    };
    let of = |account| reference(CHAIN, CONTRACT, AccountId::from_u128(account));
    let pledged = |id| collateral_reference(CHAIN, CONTRACT, ProviderId::from_u128(id));
    match tx.act {
        Act::Deposit(n, account, units) => vec![
            transfer(token(n), units),
            deposited(token(n), of(account), units),
        ],
        Act::Pledge(n, provider, units) => vec![
            transfer(token(n), units),
            deposited(token(n), pledged(provider), units),
        ],
        Act::Astray(n, units) => vec![
            transfer(token(n), units),
            deposited(token(n), Hash::new([3; 32]), units),
        ],
        Act::Plain(n, units) => vec![transfer(token(n), units)],
        Act::Foreign(units) => {
            vec![transfer(FOREIGN, units), deposited(FOREIGN, of(1), units)]
        }
        Act::Unbacked(n, account, units) => vec![deposited(token(n), of(account), units)],
    }
}

/// In what a node is not to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lie {
    /// It does not answer.
    Away,
    /// It is of another chain.
    OtherChain,
    /// Its tokens have other decimals.
    OtherDecimals,
    /// It tells every line twice, the last first.
    Twice,
    /// It keeps the contract's lines to itself.
    Hides,
    /// It tells of a deposit that nobody made.
    Forges,
    /// It says that everything is final.
    Hurries,
    /// It tells of few blocks at once.
    Narrow,
    /// It is some blocks behind.
    Behind,
}

#[derive(Debug)]
pub(super) struct Scripted {
    name: String,
    world: Arc<Mutex<World>>,
    pub(super) lie: Mutex<Option<Lie>>,
}

impl Scripted {
    pub(super) fn of(world: &Arc<Mutex<World>>, name: &str) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            world: Arc::clone(world),
            lie: Mutex::default(),
        })
    }

    fn lies(&self, lie: Lie) -> bool {
        *self.lie.lock() == Some(lie)
    }

    fn here(&self) -> Result<(), NodeError> {
        if self.lies(Lie::Away) {
            let what = "connection refused".into();
            return Err(NodeError::Away { what });
        }
        Ok(())
    }

    fn height(&self) -> u64 {
        let behind = if self.lies(Lie::Behind) { 7 } else { 0 };
        self.world.lock().height().saturating_sub(behind)
    }
}

#[async_trait]
impl ChainNode for Scripted {
    fn name(&self) -> &str {
        &self.name
    }

    async fn chain(&self) -> Result<u64, NodeError> {
        self.here()?;
        Ok(if self.lies(Lie::OtherChain) { 1 } else { CHAIN })
    }

    async fn tip(&self) -> Result<Tip, NodeError> {
        self.here()?;
        let latest = self.height();
        let ahead = if self.lies(Lie::Hurries) { 1_000 } else { 0 };
        Ok(Tip {
            latest: latest + ahead,
            finalized: Some(latest + ahead),
        })
    }

    async fn block(&self, number: u64) -> Result<Option<Block>, NodeError> {
        self.here()?;
        let block = self.world.lock().block(number);
        Ok(block.filter(|block| block.number <= self.height()))
    }

    async fn logs(&self, query: &LogQuery) -> Result<Vec<Log>, NodeError> {
        self.here()?;
        if self.lies(Lie::Narrow) && query.upto - query.from >= 2 {
            let what = "query exceeds max block range".into();
            return Err(NodeError::TooMuch { what });
        }
        let world = self.world.lock();
        let mut lines = world.logs(query);
        let is_contract = query.addresses == [CONTRACT];
        if self.lies(Lie::Twice) {
            lines.extend(lines.clone());
            lines.reverse();
        }
        if self.lies(Lie::Hides) && is_contract {
            lines.clear();
        }
        if self.lies(Lie::Forges)
            && let Some(block) = world.block(query.upto)
        {
            let tx = Tx {
                hash: Hash::new([0xf0; 32]),
                act: Act::Deposit(0, 1, 1_000_000_000_000),
            };
            for (index, (address, topics, units)) in (100..).zip(self::lines(&tx)) {
                let line = Log {
                    address,
                    topics,
                    data: Units::from(units).0.to_vec(),
                    block,
                    transaction: tx.hash,
                    index,
                };
                lines.extend(query.fits(&line).then_some(line));
            }
        }
        Ok(lines)
    }

    async fn call(&self, contract: Address, data: &[u8]) -> Result<Vec<u8>, NodeError> {
        self.here()?;
        let is = |call: &str| data.starts_with(&keccak(call).bytes()[..4]);
        let small = |number: u8| Units::from(u128::from(number)).0.to_vec();
        if contract == CONTRACT && is("treasury()") {
            return Ok(TREASURY.word().bytes().to_vec());
        }
        if contract == CONTRACT && is("accepts(address)") {
            return Ok(small(1));
        }
        if contract == FOREIGN && is("decimals()") {
            return Ok(small(6));
        }
        let token = tokens().into_iter().find(|token| token.address == contract);
        match token.filter(|_| is("decimals()")) {
            Some(_) if self.lies(Lie::OtherDecimals) => Ok(small(8)),
            Some(token) => Ok(small(token.decimals)),
            None => Ok(Vec::new()),
        }
    }
}
