//! Whether a node is of the right chain, and the contracts on it are what the operator takes them for.

use std::sync::Arc;

use super::hexadecimal::keccak;
use super::{Address, ChainNode, DepositOptions, Hash, NodeError, Token};

/// What is not as it is configured. Nothing is credited until it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Mismatch {
    /// The node is of another chain.
    #[error("{node} is a node of chain {found}, and chain.chain_id is {expected}")]
    Chain {
        /// The node.
        node: String,
        /// The chain that it is of.
        found: u64,
        /// The one that is configured.
        expected: u64,
    },
    /// A token counts other places.
    #[error("{symbol} at {address} has {found} decimals, and {expected} are configured")]
    Decimals {
        /// The token.
        symbol: String,
        /// Its contract.
        address: Address,
        /// What its contract says.
        found: String,
        /// What is configured.
        expected: u8,
    },
    /// There is no such token at this address.
    #[error("{symbol} at {address} does not say how many decimals it has: {why}")]
    NoToken {
        /// The token.
        symbol: String,
        /// The address.
        address: Address,
        /// What the node said.
        why: String,
    },
    /// The contract sends deposits elsewhere, or is no contract for deposits.
    #[error("the contract {contract} does not send deposits to chain.treasury {treasury}: {why}")]
    Treasury {
        /// The contract.
        contract: Address,
        /// What is configured.
        treasury: Address,
        /// What it said.
        why: String,
    },
    /// The contract does not take the token.
    #[error("the contract {contract} does not take {symbol} at {address}")]
    NotTaken {
        /// The contract.
        contract: Address,
        /// The token.
        symbol: String,
        /// Its contract.
        address: Address,
    },
}

/// Why a node was not checked, or is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unfit {
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
    #[error(transparent)]
    Away(#[from] NodeError),
}

/// Checks what a node says against what is configured.
pub(super) async fn verify(node: &dyn ChainNode, options: &DepositOptions) -> Result<(), Unfit> {
    let found = node.chain().await?;
    if found != options.chain {
        return Err(Unfit::Mismatch(Mismatch::Chain {
            node: node.name().to_owned(),
            found,
            expected: options.chain,
        }));
    }
    let (contract, treasury) = (options.contract, options.treasury);
    let told = match word(node, contract, selector("treasury()")).await? {
        Ok(word) if Address::in_word(&word) == Some(treasury) => None,
        Ok(word) => Some(format!("it says {word}")),
        Err(why) => Some(why),
    };
    if let Some(why) = told {
        return Err(Unfit::Mismatch(Mismatch::Treasury {
            contract,
            treasury,
            why,
        }));
    }
    for token in &options.tokens {
        let (symbol, address) = (token.symbol.clone(), token.address);
        check_decimals(token, decimals(node, token).await?)?;
        let asked = [selector("accepts(address)"), address.word().0.to_vec()].concat();
        if word(node, contract, asked).await? != Ok(small(1)) {
            return Err(Unfit::Mismatch(Mismatch::NotTaken {
                contract,
                symbol,
                address,
            }));
        }
    }
    Ok(())
}

/// What a token says of its places.
pub(super) async fn decimals(
    node: &dyn ChainNode,
    token: &Token,
) -> Result<Result<Hash, String>, NodeError> {
    word(node, token.address, selector("decimals()")).await
}

/// Whether that is what is configured.
pub(super) fn check_decimals(token: &Token, said: Result<Hash, String>) -> Result<(), Mismatch> {
    let (symbol, address) = (token.symbol.clone(), token.address);
    match said {
        Ok(found) if found == small(token.decimals) => Ok(()),
        Ok(found) => Err(Mismatch::Decimals {
            symbol,
            address,
            found: super::Units::from_be_bytes(found.0).to_string(),
            expected: token.decimals,
        }),
        Err(why) => Err(Mismatch::NoToken {
            symbol,
            address,
            why,
        }),
    }
}

/// Checks every node that answers; what cannot be reached is checked later.
///
/// # Errors
/// [`Mismatch`] when something is not as it is configured.
pub(crate) async fn verify_all(
    nodes: &[Arc<dyn ChainNode>],
    options: &DepositOptions,
) -> Result<(), Mismatch> {
    let asked = nodes.iter().map(|node| verify(&**node, options));
    for (node, verified) in nodes.iter().zip(futures::future::join_all(asked).await) {
        match verified {
            Ok(()) => {}
            Err(Unfit::Mismatch(mismatch)) => return Err(mismatch),
            Err(Unfit::Away(error)) => {
                tracing::warn!(target: "swan_hub::deposit", node = node.name(), %error, "a node of the chain cannot be checked yet");
            }
        }
    }
    Ok(())
}

/// The first word of the answer; what a contract without such a call says is told apart from a node that does not answer.
async fn word(
    node: &dyn ChainNode,
    contract: Address,
    data: Vec<u8>,
) -> Result<Result<Hash, String>, NodeError> {
    match node.call(contract, &data).await {
        Ok(answer) => Ok(answer
            .first_chunk::<32>()
            .map(|word| Hash::new(*word))
            .ok_or_else(|| "there is no such contract".to_owned())),
        Err(NodeError::Refused { what }) => Ok(Err(what)),
        Err(error) => Err(error),
    }
}

fn selector(call: &str) -> Vec<u8> {
    keccak(call).bytes().iter().take(4).copied().collect()
}

fn small(number: u8) -> Hash {
    let mut word = [0; 32];
    if let Some(last) = word.last_mut() {
        *last = number;
    }
    Hash::new(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_named_as_contracts_name_them() {
        assert_eq!(selector("decimals()"), [0x31, 0x3c, 0xe5, 0x67]);
    }
}
