//! How much of a recording there is to write down: found out before the quote, which is made of it.

use swan_core::openai::Asks;

use super::{Asked, ParseError};
use crate::audio_length::AudioMeter;

/// Measures the recording of a request, where there is one.
pub(crate) async fn measure(asked: &mut Asked, meter: &AudioMeter) -> Result<(), ParseError> {
    if let Asks::Transcription(wanted) = &asked.head.asks {
        let recording = asked.body.slice(wanted.file.clone());
        asked.audio_ms = meter.measure(recording, &wanted.file_name).await?;
    }
    Ok(())
}
