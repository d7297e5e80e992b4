//! The models that a server offers.

use std::fmt::Write;

use swan_core::openai::{ModelInfo, ModelList};

use crate::answer::read_json;
use crate::call::Call;
use crate::client::Client;
use crate::error::Error;
use crate::options::CallOptions;
use crate::reply::Reply;

/// The models that a server offers, on a Swan hub with their prices.
#[derive(Debug, Clone)]
pub struct Models {
    client: Client,
}

impl Models {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// All of them.
    ///
    /// # Errors
    /// Any [`Error`], after the retries that the client's policy allows.
    pub async fn list(&self) -> Result<Reply<ModelList>, Error> {
        let call = Call::get(&self.client.0, "/models", &CallOptions::default())?;
        call.run(read_json).await
    }

    /// Those that somebody serves now; servers other than Swan's list all.
    ///
    /// # Errors
    /// Any [`Error`], after the retries that the client's policy allows.
    pub async fn list_available(&self) -> Result<Reply<ModelList>, Error> {
        let path = "/models?available=true";
        let call = Call::get(&self.client.0, path, &CallOptions::default())?;
        call.run(read_json).await
    }

    /// One of them, by its name; slashes in it are part of the name.
    ///
    /// # Errors
    /// Any [`Error`], after the retries that the client's policy allows; an unknown model is status 404.
    pub async fn get(&self, id: &str) -> Result<Reply<ModelInfo>, Error> {
        let path = format!("/models/{}", path_segment(id));
        let call = Call::get(&self.client.0, &path, &CallOptions::default())?;
        call.run(read_json).await
    }
}

/// A text as one segment of a path, or as a value of a query.
pub(crate) fn path_segment(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}
