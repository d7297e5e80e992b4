//! The text of a recording.

use super::open::open_struct;
use super::response::Usage;

open_struct! {
    /// The text of a recording, with times where the request asked for `verbose_json`.
    pub struct Transcript {
        /// All of it.
        text as "text": String,
        /// `transcribe`, where the server says so.
        task as "task": Option<String>,
        /// The language that was heard.
        language as "language": Option<String>,
        /// How long the recording is, in seconds.
        duration as "duration": Option<f64>,
        /// The text in pieces, with their times.
        segments as "segments": Option<Vec<TranscriptSegment>>,
        /// The text in words, with their times.
        words as "words": Option<Vec<TranscriptWord>>,
        /// What was counted, and on a Swan hub what it cost.
        usage as "usage": Option<Usage>,
    }
}

open_struct! {
    /// A piece of a transcript. Times are seconds from the beginning.
    pub struct TranscriptSegment {
        /// Its number, from 0.
        id as "id": u64,
        /// When it begins.
        start as "start": Option<f64>,
        /// When it ends.
        end as "end": Option<f64>,
        /// What is said.
        text as "text": String,
    }
}

open_struct! {
    /// A word of a transcript. Times are seconds from the beginning.
    pub struct TranscriptWord {
        /// The word.
        word as "word": String,
        /// When it begins.
        start as "start": Option<f64>,
        /// When it ends.
        end as "end": Option<f64>,
    }
}
