//! The table `[chain]`: deposits of tokens on an EVM chain. A hub that was built without them says so.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use swan_core::Currency;

use super::layers::set;
use crate::deposits::ChainNames;
use crate::error::ConfigError;

/// How deposits on a chain are taken. Without a contract they are not.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChainSettings {
    /// The chain, by its number. 254 is Swan Chain, and the default.
    pub chain_id: u64,
    /// URLs of nodes that may be seen by everybody.
    pub rpc_urls: Vec<String>,
    /// Files with one URL each, of nodes whose URL has a key in it; readable by their owner and group only.
    pub rpc_url_files: Vec<PathBuf>,
    /// The contract through which accounts deposit.
    pub contract: Option<String>,
    /// Where it sends what is deposited.
    pub treasury: Option<String>,
    /// What is taken.
    pub tokens: Vec<ChainToken>,
    /// The first block that is looked at: that of the contract. The first that is final when the hub first looks, unless said.
    pub start_block: Option<u64>,
    /// With how many blocks on it, itself counted, a block counts; `None` for when the chain calls it final, the default.
    pub confirmations: Option<u64>,
    /// How many nodes must tell the same before money moves. More than half of them, unless said.
    pub agree: Option<usize>,
    /// How often the nodes are asked. Default 5 s.
    pub poll: Duration,
    /// How long a node has for an answer. Default 10 s.
    pub answer_within: Duration,
    /// How many blocks are asked for at once. Default 2,000.
    pub range_blocks: u64,
    /// What everybody is told of the chain.
    pub names: ChainNames,
}

impl Default for ChainSettings {
    fn default() -> Self {
        Self {
            chain_id: 254,
            rpc_urls: Vec::new(),
            rpc_url_files: Vec::new(),
            contract: None,
            treasury: None,
            tokens: Vec::new(),
            start_block: None,
            confirmations: None,
            agree: None,
            poll: Duration::from_secs(5),
            answer_within: Duration::from_secs(10),
            range_blocks: 2_000,
            names: ChainNames::default(),
        }
    }
}

/// A token that is taken.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ChainToken {
    /// What it is called: USDC, USDT or SWAN.
    pub symbol: String,
    /// Its contract.
    pub address: String,
    /// How many places it counts; the contract must say the same.
    pub decimals: u8,
    /// What a unit of it is credited as. USDC and USDT are US dollars and SWAN is SWAN, unless said.
    #[serde(default)]
    pub credited_as: Option<Currency>,
}

/// The table of one layer.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChainLayer {
    chain_id: Option<u64>,
    rpc_url: Option<String>,
    rpc_urls: Option<Vec<String>>,
    rpc_url_files: Option<Vec<PathBuf>>,
    contract: Option<String>,
    treasury: Option<String>,
    tokens: Option<Vec<ChainToken>>,
    start_block: Option<u64>,
    confirmations: Option<Confirmations>,
    agree: Option<usize>,
    poll_ms: Option<u64>,
    answer_ms: Option<u64>,
    range_blocks: Option<u64>,
    name: Option<String>,
    public_rpc_url: Option<String>,
    explorer_url: Option<String>,
    faucet_url: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected a number of blocks or \"finalized\"")]
enum Confirmations {
    Blocks(u64),
    Word(String),
}

impl ChainLayer {
    pub(super) fn lay_over(self, chain: &mut ChainSettings) -> Result<(), ConfigError> {
        if let Some(contract) = &self.contract
            && cfg!(not(feature = "chain"))
        {
            return Err(wrong(
                "chain.contract",
                contract.clone(),
                "a hub that was built with the feature `chain`",
            ));
        }
        self.numbers(chain)?;
        self.names(&mut chain.names)?;
        let urls = self.rpc_urls.or(self.rpc_url.map(|url| vec![url]));
        set(&mut chain.rpc_urls, urls);
        set(&mut chain.rpc_url_files, self.rpc_url_files);
        set(&mut chain.tokens, self.tokens);
        chain.contract = self.contract.or(chain.contract.take());
        chain.treasury = self.treasury.or(chain.treasury.take());
        chain.start_block = self.start_block.or(chain.start_block);
        match self.confirmations {
            None => {}
            Some(Confirmations::Word(word)) if word == "finalized" => chain.confirmations = None,
            Some(Confirmations::Word(word)) => {
                let expected = "a number of blocks or \"finalized\"";
                return Err(wrong("chain.confirmations", word, expected));
            }
            Some(Confirmations::Blocks(count)) => {
                within(
                    "chain.confirmations",
                    count,
                    1,
                    100_000,
                    "1 to 100000 blocks",
                )?;
                chain.confirmations = Some(count);
            }
        }
        Ok(())
    }

    fn names(&self, names: &mut ChainNames) -> Result<(), ConfigError> {
        const A_PAGE: &str = "https://… or http://…, at most 500 characters";
        let lay = |key, from: &Option<String>, to: &mut Option<String>, most, expected| {
            let Some(text) = from else { return Ok(()) };
            let is_plain = (1..=most).contains(&text.len()) && !text.contains(char::is_control);
            let is_page = text.starts_with("https://") || text.starts_with("http://");
            if !is_plain || expected == A_PAGE && !is_page {
                return Err(wrong(key, text.clone(), expected));
            }
            *to = Some(text.clone());
            Ok(())
        };
        let a_name = "1 to 64 characters";
        lay("chain.name", &self.name, &mut names.name, 64, a_name)?;
        for (key, from, to) in [
            (
                "chain.public_rpc_url",
                &self.public_rpc_url,
                &mut names.rpc_url,
            ),
            (
                "chain.explorer_url",
                &self.explorer_url,
                &mut names.explorer_url,
            ),
            ("chain.faucet_url", &self.faucet_url, &mut names.faucet_url),
        ] {
            lay(key, from, to, 500, A_PAGE)?;
        }
        Ok(())
    }

    fn numbers(&self, chain: &mut ChainSettings) -> Result<(), ConfigError> {
        if let Some(id) = self.chain_id {
            let most = i64::MAX.unsigned_abs();
            within(
                "chain.chain_id",
                id,
                1,
                most,
                "the number of a chain, above zero",
            )?;
            chain.chain_id = id;
        }
        if let Some(agree) = self.agree {
            if agree == 0 {
                return Err(wrong("chain.agree", "0".into(), "at least one node"));
            }
            chain.agree = Some(agree);
        }
        if let Some(ms) = self.poll_ms {
            within(
                "chain.poll_ms",
                ms,
                20,
                600_000,
                "20 to 600000 milliseconds",
            )?;
            chain.poll = Duration::from_millis(ms);
        }
        if let Some(ms) = self.answer_ms {
            within(
                "chain.answer_ms",
                ms,
                100,
                60_000,
                "100 to 60000 milliseconds",
            )?;
            chain.answer_within = Duration::from_millis(ms);
        }
        if let Some(blocks) = self.range_blocks {
            within(
                "chain.range_blocks",
                blocks,
                1,
                100_000,
                "1 to 100000 blocks",
            )?;
            chain.range_blocks = blocks;
        }
        Ok(())
    }
}

fn within(
    key: &'static str,
    value: u64,
    least: u64,
    most: u64,
    expected: &'static str,
) -> Result<(), ConfigError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(wrong(key, value.to_string(), expected))
}

#[cfg(feature = "chain")]
mod resolve {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::super::key_file;
    use super::{ChainSettings, ChainToken, ConfigError, Currency, wrong};
    use crate::deposits::rpc::Rpc;
    use crate::deposits::{Address, ChainNode, DepositOptions, Finality, Token};
    use crate::market::wallet_address;

    impl ChainSettings {
        /// What is decided about deposits, and the nodes; `None` when none are taken.
        ///
        /// # Errors
        /// [`ConfigError`] when a file cannot be used, or something is missing or wrong.
        #[expect(clippy::type_complexity, reason = "it is what the builder takes")]
        pub fn resolve(
            &self,
        ) -> Result<Option<(DepositOptions, Vec<Arc<dyn ChainNode>>)>, ConfigError> {
            let Some(contract) = &self.contract else {
                return Ok(None);
            };
            let contract = address("chain.contract", contract)?;
            let treasury = self.treasury.as_deref().unwrap_or_default();
            let treasury = address("chain.treasury", treasury)?;
            let tokens = self.tokens()?;
            let nodes = self.nodes()?;
            let mut options =
                DepositOptions::new(self.chain_id, (contract, treasury), tokens, nodes.len());
            if let Some(agree) = self.agree {
                if agree > nodes.len() {
                    let expected = "no more than there are nodes";
                    return Err(wrong("chain.agree", agree.to_string(), expected));
                }
                options.agree = agree;
            }
            options.start_block = self.start_block;
            options.poll = self.poll;
            options.range_blocks = self.range_blocks;
            options.names = self.names.clone();
            if let Some(count) = self.confirmations {
                options.finality = Finality::Confirmations(count);
            }
            Ok(Some((options, nodes)))
        }

        fn nodes(&self) -> Result<Vec<Arc<dyn ChainNode>>, ConfigError> {
            const NODES_MAX: usize = 16;
            let mut nodes: Vec<Arc<dyn ChainNode>> = Vec::new();
            for url in &self.rpc_urls {
                let node = Rpc::new(url, self.answer_within);
                let node = node.map_err(|_| wrong("chain.rpc_urls", shown(url), A_URL))?;
                nodes.push(Arc::new(node));
            }
            for path in &self.rpc_url_files {
                let url = key_file::read("chain.rpc_url_files", path)?;
                let node = Rpc::new(&url, self.answer_within);
                let told = || wrong("chain.rpc_url_files", path.display().to_string(), A_URL);
                nodes.push(Arc::new(node.map_err(|_| told())?));
            }
            if nodes.is_empty() || nodes.len() > NODES_MAX {
                let found = format!("{} nodes", nodes.len());
                return Err(wrong("chain.rpc_urls", found, "1 to 16 nodes"));
            }
            Ok(nodes)
        }

        fn tokens(&self) -> Result<Vec<Token>, ConfigError> {
            let mut known = BTreeSet::new();
            let tokens = self.tokens.iter().map(|token| {
                let address = address("chain.tokens", &token.address)?;
                let is_name = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
                let is_good =
                    (1..=16).contains(&token.symbol.len()) && token.symbol.chars().all(is_name);
                if !is_good {
                    let expected = "a symbol of 1 to 16 letters and digits";
                    return Err(wrong("chain.tokens", token.symbol.clone(), expected));
                }
                if token.decimals > 36 {
                    let found = token.decimals.to_string();
                    return Err(wrong("chain.tokens", found, "at most 36 decimals"));
                }
                if !known.insert(address) {
                    return Err(wrong(
                        "chain.tokens",
                        address.to_string(),
                        "each token once",
                    ));
                }
                let currency = currency(token)?;
                Ok(Token::new(&token.symbol, address, token.decimals, currency))
            });
            let tokens: Vec<Token> = tokens.collect::<Result<_, _>>()?;
            if tokens.is_empty() || tokens.len() > 32 {
                let found = format!("{} tokens", tokens.len());
                return Err(wrong("chain.tokens", found, "1 to 32 tokens"));
            }
            Ok(tokens)
        }
    }

    const A_URL: &str = "https://…, or http://… of a host of the private network";

    /// Without what may be a key.
    fn shown(url: &str) -> String {
        let end = url.find("://").map_or(0, |at| at + 3);
        let rest = url.get(end..).unwrap_or_default();
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = host.rsplit('@').next().unwrap_or_default();
        format!("{}{host}", url.get(..end).unwrap_or_default())
    }

    fn currency(token: &ChainToken) -> Result<Currency, ConfigError> {
        match (
            token.credited_as,
            token.symbol.to_ascii_uppercase().as_str(),
        ) {
            (Some(currency), _) => Ok(currency),
            (None, "USDC" | "USDT") => Ok(Currency::Usd),
            (None, "SWAN") => Ok(Currency::Swan),
            (None, _) => Err(wrong(
                "chain.tokens",
                token.symbol.clone(),
                "credited_as = \"USD\" or \"SWAN\" for a token that is neither USDC, USDT nor SWAN",
            )),
        }
    }

    fn address(key: &'static str, text: &str) -> Result<Address, ConfigError> {
        let expected =
            "an address: 0x and 40 hexadecimal digits, whose checksum is right if it has one";
        let told = || wrong(key, text.to_owned(), expected);
        let checked = wallet_address(text).ok_or_else(told)?;
        checked.parse().map_err(|_| told())
    }
}

fn wrong(key: &'static str, value: String, expected: &'static str) -> ConfigError {
    ConfigError::Value {
        key,
        value,
        expected,
    }
}
