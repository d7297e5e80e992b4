//! A node that is reached by JSON-RPC over HTTP: one deadline for each call, bounded answers, no secret in any text.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::Uri;
use hyper::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::time;

use super::hexadecimal::unhex;
use super::{Address, Block, ChainNode, Hash, Log, LogQuery, NodeError, Tip, hex};
use crate::external::Address as Server;
use crate::external::client::{HttpClient, client};
use crate::external::connect::Dial;
use crate::segments::Segments;

/// The most of an answer that is read.
const ANSWER_MAX: usize = 8 << 20;
const CONNECT: Duration = Duration::from_secs(5);

/// Why a URL is no node's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RpcError {
    /// It is no URL, or has a password where it would be shown.
    #[error(
        "a node's URL is https://…, or http://… of a host of the private network; without a password before the host"
    )]
    Url,
    /// No certificates to trust.
    #[error("no certificates for https: {why}")]
    Certificates {
        /// What went wrong.
        why: String,
    },
}

/// A node by its URL.
pub struct Rpc {
    client: HttpClient,
    uri: Uri,
    /// Scheme and host; the rest may be a secret.
    name: String,
    /// To be taken out of what the node says.
    secret: String,
    within: Duration,
}

impl fmt::Debug for Rpc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rpc").field(&self.name).finish()
    }
}

impl Rpc {
    /// The node at this URL, which has `within` for each answer; nothing is sent yet.
    ///
    /// # Errors
    /// [`RpcError`] when it cannot be used.
    pub fn new(url: &str, within: Duration) -> Result<Self, RpcError> {
        let server = Server::parse(url, None).ok_or(RpcError::Url)?;
        if !server.https && !server.is_private {
            return Err(RpcError::Url);
        }
        let uri: Uri = url.parse().map_err(|_| RpcError::Url)?;
        let dial = Dial {
            https: server.https,
            within: CONNECT,
            idle: 4,
            ca_file: None,
            allow_private: server.is_private,
        };
        let client = client(&dial).map_err(|error| RpcError::Certificates {
            why: error.to_string(),
        })?;
        let name = uri.authority().map(ToString::to_string).unwrap_or_default();
        let secret = uri.path_and_query().map(ToString::to_string);
        Ok(Self {
            client,
            name,
            secret: secret.unwrap_or_default(),
            uri,
            within,
        })
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: &str,
        params: impl Serialize + Send,
    ) -> Result<T, NodeError> {
        let question = Question {
            jsonrpc: "2.0",
            id: 1,
            method,
            params,
        };
        let body = serde_json::to_vec(&question)
            .map_err(|error| NodeError::malformed(error.to_string()))?;
        let request = Request::builder()
            .method(Method::POST)
            .uri(self.uri.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("swan-hub/", env!("CARGO_PKG_VERSION")))
            .body(Segments::new(vec![Bytes::from(body)]));
        let request = request.map_err(|error| NodeError::malformed(error.to_string()))?;
        let asked = time::timeout(self.within, self.answer(request)).await;
        let (status, body) = asked.unwrap_or_else(|_| Err(away("no answer in time")))?;
        let answer: Answer<'_> = serde_json::from_slice(&body).map_err(|error| {
            if status.is_success() {
                NodeError::malformed(format!("{method}: {error}"))
            } else if status == StatusCode::PAYLOAD_TOO_LARGE {
                let what = status.to_string();
                NodeError::TooMuch { what }
            } else {
                away(&status.to_string())
            }
        })?;
        if let Some(failure) = answer.error {
            let what = self.discreet(&format!("{method}: {} ({})", failure.message, failure.code));
            // Too many calls, and a server that is not ready.
            return Err(
                if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
                    NodeError::Away { what }
                } else {
                    NodeError::Refused { what }
                },
            );
        }
        let result = answer.result.map_or("null", RawValue::get);
        serde_json::from_str(result)
            .map_err(|error| NodeError::malformed(format!("{method}: {error}")))
    }

    async fn answer(&self, request: Request<Segments>) -> Result<(StatusCode, Bytes), NodeError> {
        let response = self.client.request(request).await;
        let response = response.map_err(|error| away(&self.discreet(&innermost(&error))))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_MAX)
            .collect()
            .await;
        let body = body.map_err(|error| {
            if error.is::<http_body_util::LengthLimitError>() {
                let what = format!("its answer is longer than {ANSWER_MAX} bytes");
                NodeError::TooMuch { what }
            } else {
                away(&self.discreet(&innermost(&*error)))
            }
        })?;
        Ok((status, body.to_bytes()))
    }

    /// Words of the node as they may be told.
    fn discreet(&self, words: &str) -> String {
        let plain = match self.secret.len() {
            0 | 1 => words.to_owned(),
            _ => words.replace(&self.secret, "…"),
        };
        plain
            .chars()
            .filter(|c| !c.is_control())
            .take(300)
            .collect()
    }

    async fn header(&self, block: &str) -> Result<Option<Block>, NodeError> {
        let header: Option<Header> = self.ask("eth_getBlockByNumber", (block, false)).await?;
        let block = header.map(|header| {
            Ok(Block {
                number: quantity(&header.number)?,
                hash: header.hash,
            })
        });
        block.transpose()
    }
}

#[derive(Serialize)]
struct Question<'a, P> {
    jsonrpc: &'static str,
    id: u32,
    method: &'a str,
    params: P,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<Failure>,
}

#[derive(Deserialize)]
struct Failure {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
}

/// A block, of which only the header is asked for and of that only what every chain has: transactions of other chains have other
/// shapes.
#[derive(Deserialize)]
struct Header {
    number: String,
    hash: Hash,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Filter<'a> {
    address: &'a [Address],
    topics: &'a [Option<Hash>],
    from_block: String,
    to_block: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    address: Address,
    topics: Vec<Hash>,
    data: String,
    block_number: String,
    block_hash: Hash,
    transaction_hash: Hash,
    log_index: String,
    #[serde(default)]
    removed: bool,
}

impl Line {
    fn read(self) -> Result<Log, NodeError> {
        let data = unhex(&self.data).ok_or_else(|| NodeError::malformed("data of a line"))?;
        if self.removed {
            return Err(away("blocks were replaced while they were read"));
        }
        Ok(Log {
            address: self.address,
            topics: self.topics,
            data,
            block: Block {
                number: quantity(&self.block_number)?,
                hash: self.block_hash,
            },
            transaction: self.transaction_hash,
            index: quantity(&self.log_index)?,
        })
    }
}

#[async_trait]
impl ChainNode for Rpc {
    fn name(&self) -> &str {
        &self.name
    }

    async fn chain(&self) -> Result<u64, NodeError> {
        let chain: String = self.ask("eth_chainId", ()).await?;
        quantity(&chain)
    }

    async fn tip(&self) -> Result<Tip, NodeError> {
        let latest: String = self.ask("eth_blockNumber", ()).await?;
        // A chain without such a block says so in its own way.
        let finalized = match self.header("finalized").await {
            Ok(block) => block.map(|block| block.number),
            Err(NodeError::Refused { .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(Tip {
            latest: quantity(&latest)?,
            finalized,
        })
    }

    async fn block(&self, number: u64) -> Result<Option<Block>, NodeError> {
        self.header(&format!("{number:#x}")).await
    }

    async fn logs(&self, query: &LogQuery) -> Result<Vec<Log>, NodeError> {
        let filter = Filter {
            address: &query.addresses,
            topics: &query.topics,
            from_block: format!("{:#x}", query.from),
            to_block: format!("{:#x}", query.upto),
        };
        let told: Result<Vec<Line>, NodeError> = self.ask("eth_getLogs", (filter,)).await;
        match told {
            Ok(lines) => lines.into_iter().map(Line::read).collect(),
            // There are as many words for a range that is too large as there are nodes.
            Err(NodeError::Refused { what }) => Err(NodeError::TooMuch { what }),
            Err(error) => Err(error),
        }
    }

    async fn call(&self, contract: Address, data: &[u8]) -> Result<Vec<u8>, NodeError> {
        #[derive(Serialize)]
        struct Call {
            to: Address,
            data: String,
        }
        let call = Call {
            to: contract,
            data: hex(data),
        };
        let answer: String = self.ask("eth_call", (call, "latest")).await?;
        unhex(&answer).ok_or_else(|| NodeError::malformed("eth_call: no bytes"))
    }
}

/// A number as the chain writes it: `0x1f`.
fn quantity(text: &str) -> Result<u64, NodeError> {
    let digits = text.strip_prefix("0x");
    let number = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    // Stores count to 2^63.
    let number = number.filter(|number| i64::try_from(*number).is_ok());
    number.ok_or_else(|| NodeError::malformed("a number that is none"))
}

fn away(what: &str) -> NodeError {
    NodeError::Away {
        what: what.to_owned(),
    }
}

fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
