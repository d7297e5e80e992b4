//! What one node says about a range of blocks, as far as it does not contradict itself.

use std::collections::BTreeMap;

use super::fact::{self, Fact};
use super::{Block, ChainNode, DepositOptions, Log, LogQuery, NodeError};

/// What a node says of a range of blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct View {
    /// The last block of the range.
    pub(super) end: Block,
    /// What happened in it, in the order of the chain.
    pub(super) facts: Vec<Fact>,
}

/// The most lines of a range that are looked at.
const LINES_MAX: usize = 10_000;
/// The most blocks of a range whose hashes are asked for.
const BLOCKS_MAX: usize = 256;

/// Reads a range. The hash of its last block before and after, and that of each block with a line, are compared, so that what
/// is answered is of one chain.
pub(super) async fn read(
    node: &dyn ChainNode,
    options: &DepositOptions,
    (from, upto): (u64, u64),
) -> Result<View, NodeError> {
    let before = block(node, upto).await?;
    let deposits = lines(node, &fact::of_contract(options, from, upto)).await?;
    let transfers = lines(node, &fact::of_tokens(options, from, upto)).await?;
    let facts = fact::facts(options, &deposits, &transfers)?;
    let mut blocks: BTreeMap<u64, Block> = BTreeMap::new();
    for fact in &facts {
        let known = blocks.entry(fact.block.number).or_insert(fact.block);
        if *known != fact.block {
            return Err(replaced());
        }
    }
    if blocks.len() > BLOCKS_MAX {
        let what = format!("{} blocks have deposits", blocks.len());
        return Err(NodeError::TooMuch { what });
    }
    for told in blocks.values() {
        if block(node, told.number).await? != *told {
            return Err(replaced());
        }
    }
    if block(node, upto).await? != before {
        return Err(replaced());
    }
    Ok(View { end: before, facts })
}

fn replaced() -> NodeError {
    NodeError::Away {
        what: "blocks were replaced while they were read".into(),
    }
}

/// The block at this height, which the node must know.
pub(super) async fn block(node: &dyn ChainNode, number: u64) -> Result<Block, NodeError> {
    let block = node.block(number).await?;
    let block = block.ok_or_else(|| NodeError::Away {
        what: format!("it does not know block {number}"),
    })?;
    if block.number != number {
        return Err(NodeError::malformed("another block than was asked for"));
    }
    Ok(block)
}

/// The lines of the answer, each once, in the order of the chain.
async fn lines(node: &dyn ChainNode, query: &LogQuery) -> Result<Vec<Log>, NodeError> {
    if query.addresses.is_empty() {
        return Ok(Vec::new());
    }
    let told = node.logs(query).await?;
    if told.len() > LINES_MAX {
        let what = format!("{} lines", told.len());
        return Err(NodeError::TooMuch { what });
    }
    let mut lines: BTreeMap<(u64, u64), Log> = BTreeMap::new();
    for log in told {
        if !query.fits(&log) {
            return Err(NodeError::malformed("a line that was not asked for"));
        }
        let place = (log.block.number, log.index);
        match lines.get(&place) {
            // Told twice.
            Some(known) if *known == log => {}
            Some(_) => return Err(NodeError::malformed("two lines at one place")),
            None => {
                lines.insert(place, log);
            }
        }
    }
    Ok(lines.into_values().collect())
}
