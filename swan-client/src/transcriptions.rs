//! Texts of recordings.

use bytes::Bytes;
use swan_core::openai::Transcript;

use crate::answer::{Opened, error_inside, read_metered};
use crate::body::read_whole;
use crate::call::{Call, Payload};
use crate::error::{ApiError, Error};
use crate::form::{File, write};
use crate::options::{CallOptions, call_handle};
use crate::reply::Reply;

const PATH: &str = "/audio/transcriptions";

/// A recording, and how it is to be written down.
#[derive(Clone, PartialEq, Eq)]
pub struct TranscriptionRequest {
    file: Bytes,
    file_name: String,
    fields: Vec<(String, String)>,
}

/// How a transcript is written that is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TextFormat {
    /// The text alone.
    Text,
    /// Subtitles as SubRip has them.
    Srt,
    /// Subtitles as WebVTT has them.
    Vtt,
}

impl TextFormat {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Srt => "srt",
            Self::Vtt => "vtt",
        }
    }
}

impl TranscriptionRequest {
    /// A recording with its file's name, whose ending tells some servers the format.
    #[must_use]
    pub fn new(
        model: impl Into<String>,
        file_name: impl Into<String>,
        file: impl Into<Bytes>,
    ) -> Self {
        Self {
            file: file.into(),
            file_name: file_name.into(),
            fields: vec![("model".to_owned(), model.into())],
        }
    }

    /// Names the language, such as `de`.
    #[must_use]
    pub fn with_language(self, language: impl Into<String>) -> Self {
        self.with("language", language)
    }

    /// Gives the model words to expect.
    #[must_use]
    pub fn with_prompt(self, prompt: impl Into<String>) -> Self {
        self.with("prompt", prompt)
    }

    /// Adds a field that this type does not name.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.fields.push((name.into(), value.into()));
        self
    }
}

impl std::fmt::Debug for TranscriptionRequest {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("TranscriptionRequest")
            .field("file_bytes", &self.file.len())
            .finish_non_exhaustive()
    }
}

call_handle! {
    /// Texts of recordings, charged by the minute.
    ///
    /// ```no_run
    /// # async fn run(client: swan_client::Client, file: Vec<u8>) -> Result<(), swan_client::Error> {
    /// use swan_client::{TextFormat, TranscriptionRequest};
    ///
    /// let request = TranscriptionRequest::new("whisper-large-v3", "talk.mp3", file).with_language("en");
    /// let subtitles = client.transcriptions().create_text(&request, TextFormat::Srt).await?;
    /// println!("{} for {:?}", *subtitles, subtitles.metadata().cost);
    /// # Ok(())
    /// # }
    /// ```
    pub struct Transcriptions;
}

impl Transcriptions {
    /// Asks for the text.
    ///
    /// # Errors
    /// Any [`Error`], after the retries that the client's policy allows.
    pub async fn create(&self, request: &TranscriptionRequest) -> Result<Reply<Transcript>, Error> {
        let call = self.call(request, &[("response_format", "json")], "application/json")?;
        call.run(read_metered).await
    }

    /// Asks for the text with the times of its segments and words (`verbose_json`).
    ///
    /// # Errors
    /// As [`Transcriptions::create`].
    pub async fn create_timed(
        &self,
        request: &TranscriptionRequest,
    ) -> Result<Reply<Transcript>, Error> {
        let fields = [
            ("response_format", "verbose_json"),
            ("timestamp_granularities[]", "segment"),
            ("timestamp_granularities[]", "word"),
        ];
        let call = self.call(request, &fields, "application/json")?;
        call.run(read_metered).await
    }

    /// Asks for the text as such, or as subtitles.
    ///
    /// # Errors
    /// As [`Transcriptions::create`].
    pub async fn create_text(
        &self,
        request: &TranscriptionRequest,
        format: TextFormat,
    ) -> Result<Reply<String>, Error> {
        let fields = [("response_format", format.as_str())];
        self.call(request, &fields, "text/plain, text/vtt, */*")?
            .run(read_text)
            .await
    }

    fn call(
        &self,
        request: &TranscriptionRequest,
        more: &[(&str, &str)],
        accept: &'static str,
    ) -> Result<Call<'_>, Error> {
        let payload = payload(request, more, &self.options)?;
        Call::post(&self.client.0, PATH, payload, &self.options, accept)
    }
}

pub(crate) fn payload(
    request: &TranscriptionRequest,
    more: &[(&str, &str)],
    options: &CallOptions,
) -> Result<Payload, Error> {
    if !options.models.is_empty() || options.session.is_some() {
        return Err(Error::Config {
            field: "models",
            reason: "a form can name one model and no session".to_owned(),
        });
    }
    let wishes = options.preferences.as_ref().map(serde_json::to_string);
    let wishes = wishes.transpose().map_err(|error| Error::Config {
        field: "provider",
        reason: error.to_string(),
    })?;
    let wishes = wishes.iter().map(|wishes| ("provider", wishes.as_str()));
    let own = request.fields.iter();
    let own = own.map(|(name, text)| (name.as_str(), text.as_str()));
    let file = File {
        field: "file",
        name: &request.file_name,
        content: &request.file,
    };
    Ok(write(own.chain(more.iter().copied()).chain(wishes), &file))
}

async fn read_text(opened: Opened) -> Result<Reply<String>, Error> {
    let metadata = opened.metadata;
    let bytes = read_whole(opened.body, metadata.request_id.as_deref()).await?;
    if opened.content_type.starts_with("application/json")
        && let Some(body) = error_inside(&bytes)
    {
        return Err(Error::Api(Box::new(ApiError::new(200, body, metadata))));
    }
    match String::from_utf8(bytes.into()) {
        Ok(text) => Ok(Reply::new(text, metadata)),
        Err(_) => Err(Error::Decode {
            reason: "the transcript is not valid UTF-8".to_owned(),
            request_id: metadata.request_id,
        }),
    }
}
