//! What is known of calls afterwards.

use swan_core::openai::{GenerationAnswer, GenerationPage, GenerationRecord};

use crate::answer::read_json;
use crate::call::Call;
use crate::client::Client;
use crate::error::Error;
use crate::models::path_segment;
use crate::options::CallOptions;
use crate::reply::Reply;

/// What a Swan hub knows of calls that have ended: cost, tokens, provider, times, attempts.
#[derive(Debug, Clone)]
pub struct Generations {
    client: Client,
}

impl Generations {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// One call, by the id that its answer told ([`Metadata::request_id`](crate::Metadata::request_id)).
    ///
    /// # Errors
    /// Any [`Error`], after the retries that the client's policy allows; an unknown id, or one of another account, is
    /// status 404.
    pub async fn get(&self, id: &str) -> Result<Reply<GenerationRecord>, Error> {
        let path = format!("/generation?id={}", path_segment(id));
        let call = Call::get(&self.client.0, &path, &CallOptions::default())?;
        let reply: Reply<GenerationAnswer> = call.run(read_json).await?;
        let (answer, metadata) = reply.into_parts();
        Ok(Reply::new(answer.data, metadata))
    }

    /// Up to `limit` (1 to 100) calls of the account, the youngest first; `before` is the `next` of the page before.
    ///
    /// # Errors
    /// Any [`Error`], after the retries that the client's policy allows.
    pub async fn list(
        &self,
        limit: u32,
        before: Option<&str>,
    ) -> Result<Reply<GenerationPage>, Error> {
        let mut path = format!("/generations?limit={limit}");
        if let Some(before) = before {
            path.push_str("&before=");
            path.push_str(&path_segment(before));
        }
        let call = Call::get(&self.client.0, &path, &CallOptions::default())?;
        call.run(read_json).await
    }
}
