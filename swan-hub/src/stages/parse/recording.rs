//! How much of a recording there is to write down: found out before the quote, which is made of it.

use swan_core::openai::Asks;

use super::{Asked, ParseError};
use crate::audio_length::AudioMeter;

/// The same request, with its recording measured where there is one.
pub(crate) async fn measured(mut asked: Asked, meter: &AudioMeter) -> Result<Asked, ParseError> {
    if let Asks::Transcription(wanted) = &asked.head.asks {
        let recording = asked.body.slice(wanted.file.clone());
        asked.audio_ms = meter.measure(recording, &wanted.file_name).await?;
    }
    Ok(asked)
}
