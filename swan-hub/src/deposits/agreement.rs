//! What enough nodes say alike.

use std::future::Future;
use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;

use super::{ChainNode, NodeError};

/// Why nodes did not settle a question.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoAgreement {
    /// Too few have answered.
    #[error("{answered} of {needed} nodes that must agree have answered; {why}")]
    Away {
        answered: usize,
        needed: usize,
        why: String,
    },
    /// They say different things, so that one of them is wrong.
    #[error("the nodes do not agree on {what}")]
    Disagree { what: String },
    /// Less may be asked for.
    #[error("{what}")]
    TooMuch { what: String },
}

/// An answer that `needed` nodes give alike, and how many did. Those that answer later than that are not waited for.
pub(super) async fn agreed<T, F>(
    nodes: &[Arc<dyn ChainNode>],
    needed: usize,
    what: &str,
    ask: impl Fn(Arc<dyn ChainNode>) -> F,
) -> Result<T, NoAgreement>
where
    T: PartialEq,
    F: Future<Output = Result<T, NodeError>> + Send,
{
    let named = |node: &Arc<dyn ChainNode>| {
        let (name, answer) = (node.name().to_owned(), ask(Arc::clone(node)));
        async move { (name, answer.await) }
    };
    let mut answers: FuturesUnordered<_> = nodes.iter().map(named).collect();
    let mut votes: Vec<(T, usize)> = Vec::new();
    let (mut too_much, mut why) = (None, String::from("none is configured"));
    while let Some((name, answer)) = answers.next().await {
        match answer {
            Ok(answer) => {
                match votes.iter_mut().find(|(known, _)| *known == answer) {
                    Some((_, count)) => *count += 1,
                    None => votes.push((answer, 1)),
                }
                if let Some(place) = votes.iter().position(|(_, count)| *count >= needed) {
                    return Ok(votes.swap_remove(place).0);
                }
            }
            Err(NodeError::TooMuch { what }) => too_much = Some(what),
            Err(error) => {
                tracing::debug!(target: "swan_hub::deposit", node = %name, %error, "a node did not answer");
                why = format!("{name}: {error}");
            }
        }
    }
    if let Some(what) = too_much {
        return Err(NoAgreement::TooMuch { what });
    }
    if votes.len() > 1 {
        let what = what.to_owned();
        return Err(NoAgreement::Disagree { what });
    }
    let answered = votes.iter().map(|(_, count)| count).sum();
    Err(NoAgreement::Away {
        answered,
        needed,
        why,
    })
}

/// The answers of all nodes that answer.
pub(super) async fn all<T, F>(
    nodes: &[Arc<dyn ChainNode>],
    ask: impl Fn(Arc<dyn ChainNode>) -> F,
) -> (Vec<T>, String)
where
    F: Future<Output = Result<T, NodeError>> + Send,
{
    let (mut answers, mut why) = (Vec::new(), String::from("none is configured"));
    let asked = nodes
        .iter()
        .map(|node| async { (node.name().to_owned(), ask(Arc::clone(node)).await) });
    for (name, answer) in futures::future::join_all(asked).await {
        match answer {
            Ok(answer) => answers.push(answer),
            Err(error) => why = format!("{name}: {error}"),
        }
    }
    (answers, why)
}
