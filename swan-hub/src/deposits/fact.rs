//! What the logs of a range of blocks say about deposits: each deposit once, and only where two lines say it.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use swan_core::DepositId;

use super::hexadecimal::keccak;
use super::{Address, Block, DepositOptions, Hash, Log, LogQuery, NodeError, Units};

/// Tokens that have moved to the treasury.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) id: DepositId,
    pub(super) block: Block,
    pub(super) transaction: Hash,
    /// The place of its line in the block's log.
    pub(super) log: u64,
    /// The token's contract.
    pub(super) token: Address,
    /// Who paid.
    pub(super) from: Address,
    pub(super) units: Units,
    /// By which word the contract was told whose it is; `None` for a transfer that went past the contract.
    pub(super) reference: Option<Hash>,
    /// Whether the token, if it is one that is taken, says itself that so much has moved.
    pub(super) is_backed: bool,
}

/// The identifier of a deposit: the same line of the same transaction is the same deposit, whichever block it stands in.
pub(super) fn deposit_id(chain: u64, transaction: &Hash, log: u64) -> DepositId {
    let digest = Sha256::new()
        .chain_update(b"swan deposit 1")
        .chain_update(chain.to_be_bytes())
        .chain_update(transaction.bytes())
        .chain_update(log.to_be_bytes())
        .finalize();
    let bytes = digest.first_chunk::<16>().copied().unwrap_or_default();
    DepositId::from_u128(u128::from_be_bytes(bytes))
}

/// The lines that the contract writes.
pub(super) fn of_contract(options: &DepositOptions, from: u64, upto: u64) -> LogQuery {
    LogQuery {
        addresses: vec![options.contract],
        topics: vec![Some(deposited())],
        from,
        upto,
    }
}

/// The lines by which tokens say that something went to the treasury.
pub(super) fn of_tokens(options: &DepositOptions, from: u64, upto: u64) -> LogQuery {
    LogQuery {
        addresses: options.tokens.iter().map(|token| token.address).collect(),
        topics: vec![Some(transfer()), None, Some(options.treasury.word())],
        from,
        upto,
    }
}

/// `event Deposited(address indexed token, address indexed from, bytes32 indexed reference, uint256 amount)`
fn deposited() -> Hash {
    keccak("Deposited(address,address,bytes32,uint256)")
}

/// `event Transfer(address indexed from, address indexed to, uint256 value)`
fn transfer() -> Hash {
    keccak("Transfer(address,address,uint256)")
}

/// A transfer to the treasury that no deposit stands for yet.
struct Moved<'a> {
    log: &'a Log,
    from: Address,
    units: Units,
}

/// What these lines say, in the order of the chain. Each line is there once.
///
/// # Errors
/// [`NodeError::Malformed`] for a line that its contract cannot have written.
pub(super) fn facts(
    options: &DepositOptions,
    deposits: &[Log],
    transfers: &[Log],
) -> Result<Vec<Fact>, NodeError> {
    let mut moved: BTreeMap<(u64, Hash), Vec<Moved<'_>>> = BTreeMap::new();
    for log in transfers {
        let one = Moved {
            log,
            from: address(log, 1)?,
            units: amount(log)?,
        };
        // Nothing has moved; whoever writes such lines wants them to be seen.
        if !one.units.is_zero() {
            let place = (log.block.number, log.transaction);
            moved.entry(place).or_default().push(one);
        }
    }
    let mut facts = Vec::new();
    for log in deposits {
        let (token, from, units) = (address(log, 1)?, address(log, 2)?, amount(log)?);
        let reference = log.topics.get(3).copied();
        if reference.is_none() {
            return Err(NodeError::malformed("a deposit without a reference"));
        }
        if units.is_zero() {
            continue;
        }
        // The token's own line comes before the contract's.
        let of_transaction = moved.get_mut(&(log.block.number, log.transaction));
        let is_backed = of_transaction.is_some_and(|moved| {
            let place = moved.iter().rposition(|one| {
                (one.log.address, one.from, one.units) == (token, from, units)
                    && one.log.index < log.index
            });
            place.map(|place| moved.remove(place)).is_some()
        });
        facts.push(fact(
            options,
            log,
            (token, from, units),
            reference,
            is_backed,
        ));
    }
    for one in moved.values().flatten() {
        let what = (one.log.address, one.from, one.units);
        facts.push(fact(options, one.log, what, None, true));
    }
    facts.sort_by_key(|fact| (fact.block.number, fact.log));
    Ok(facts)
}

fn fact(
    options: &DepositOptions,
    log: &Log,
    (token, from, units): (Address, Address, Units),
    reference: Option<Hash>,
    is_backed: bool,
) -> Fact {
    Fact {
        id: deposit_id(options.chain, &log.transaction, log.index),
        block: log.block,
        transaction: log.transaction,
        log: log.index,
        token,
        from,
        units,
        reference,
        is_backed,
    }
}

fn address(log: &Log, topic: usize) -> Result<Address, NodeError> {
    let word = log.topics.get(topic);
    word.and_then(Address::in_word)
        .ok_or_else(|| NodeError::malformed("a line whose topic is no address"))
}

fn amount(log: &Log) -> Result<Units, NodeError> {
    let word: Result<[u8; 32], _> = log.data.as_slice().try_into();
    word.map(Units::from_be_bytes)
        .map_err(|_| NodeError::malformed("a line whose amount is not one word"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_those_of_the_standard() {
        assert_eq!(
            transfer().to_string(),
            "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
        );
    }
}
