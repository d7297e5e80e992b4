//! How long a recording is, by its own frames. Consumers pay for it, and so neither the container's word nor the
//! provider's is taken where the frames say something else.
//!
//! Symphonia takes the container apart and nothing is decoded. A model server may decode more than the container says
//! it holds: frames whose length stands in the frame count by that, and those whose length only the container knows
//! are refused.

mod frames;
mod matroska;
#[cfg(test)]
mod tests;

use std::io::{Cursor, ErrorKind};
use std::panic::catch_unwind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known as codec;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::well_known::{FORMAT_ID_ISOMP4, FORMAT_ID_MKV};
use symphonia::core::formats::{FormatOptions, FormatReader, Track};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;
use tokio::sync::Semaphore;

use frames::Frames;

/// More frames than 25 MiB of speech have; a container can list empty ones without end.
const FRAMES: u32 = 4_000_000;
/// Longer than any recording that fits.
const LONGEST_MS: u64 = 48 * 3_600_000;
/// Recordings measured beside the requests at one time.
const BESIDE: usize = 2;
/// How long a recording may wait for its turn and its measurement.
const DEADLINE: Duration = Duration::from_secs(20);
/// How long one may be measured: a small file can make each of millions of frames slow to find.
const WORK: Duration = Duration::from_secs(5);
/// Boxes of MP4 that cost memory for each other, with how many of them a recording has at most: a reader keeps a line for each
/// track in each fragment.
const BOXES: [(&[u8; 4], usize); 3] = [(b"trak", 16), (b"trex", 16), (b"moof", 100_000)];

/// Why a recording cannot be measured, and so not be paid for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum AudioError {
    #[error("expected a recording as flac, mp3, mp4, m4a, mpeg, mpga, ogg, wav or webm")]
    Unknown,
    #[error("the recording is broken: {0}")]
    Broken(String),
    #[error("there is no sound in the recording")]
    Silent,
    #[error(
        "the length of this recording cannot be measured, because its format leaves it to the container; send it as wav, flac, mp3 or ogg"
    )]
    Unmeasurable,
    #[error("the recording is longer than {} hours", LONGEST_MS / 3_600_000)]
    TooLong,
    #[error("the recording could not be measured in time")]
    Slow,
}

/// Measures the recordings of one hub.
#[derive(Debug)]
pub(crate) struct AudioMeter {
    turns: Arc<Semaphore>,
}

impl Default for AudioMeter {
    fn default() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(BESIDE)),
        }
    }
}

impl AudioMeter {
    /// The length of a recording in milliseconds, rounded up; `file_name` only helps to guess its format.
    pub(crate) async fn measure(
        &self,
        recording: Bytes,
        file_name: &str,
    ) -> Result<u64, AudioError> {
        let extension = file_name
            .rsplit_once('.')
            .map(|(_, extension)| extension.chars().take(8).collect::<String>());
        let measured = async {
            let turn = Arc::clone(&self.turns).acquire_owned().await;
            let turn = turn.map_err(|_| AudioError::Slow)?;
            // Beside the requests however small it is, since what it costs does not follow from its size.
            let measuring = tokio::task::spawn_blocking(move || {
                let measured = guarded(recording, extension);
                // Held until the work is done, even if nobody waits for it any more.
                drop(turn);
                measured
            });
            measuring
                .await
                .unwrap_or_else(|_| Err(AudioError::Broken("its reader gave up".into())))
        };
        match tokio::time::timeout(DEADLINE, measured).await {
            Ok(measured) => measured,
            Err(_) => Err(AudioError::Slow),
        }
    }
}

/// A parser of hostile files that panics is one more way for a file to be broken.
fn guarded(recording: Bytes, extension: Option<String>) -> Result<u64, AudioError> {
    catch_unwind(move || length_ms(&recording, extension.as_deref(), WORK))
        .unwrap_or_else(|_| Err(AudioError::Broken("its reader gave up".into())))
}

fn length_ms(
    recording: &Bytes,
    extension: Option<&str>,
    work: Duration,
) -> Result<u64, AudioError> {
    if BOXES.iter().any(|(name, most)| {
        memchr::memmem::find_iter(recording, *name)
            .nth(*most)
            .is_some()
    }) {
        return Err(AudioError::Broken("it has too many parts".into()));
    }
    let begun = Instant::now();
    let source = Cursor::new(recording.clone());
    let source = MediaSourceStream::new(Box::new(source), Default::default());
    let mut hint = Hint::new();
    if let Some(extension) = extension {
        hint.with_extension(extension);
    }
    let mut reader = symphonia::default::get_probe()
        .probe(
            &hint,
            source,
            FormatOptions::default(),
            MetadataOptions::default(),
        )
        .map_err(|_| AudioError::Unknown)?;
    if reader.format_info().format == FORMAT_ID_MKV && !matroska::is_sound(recording) {
        return Err(AudioError::Broken(
            "its parts do not fit into each other".into(),
        ));
    }
    let mut tracks = audio_tracks(&*reader)?;
    // What was heard before the tracks changed, in nanoseconds.
    let mut before = 0_u128;
    for _ in 0..FRAMES {
        if begun.elapsed() > work {
            return Err(AudioError::Slow);
        }
        let packet = match reader.next_packet() {
            Ok(Some(packet)) => packet,
            // A file that is cut off is as long as what there is of it: decoders play that far.
            Ok(None) => return longest(before, &tracks),
            // One recording after the other in one file: decoders play them all.
            Err(Error::ResetRequired) => {
                before = before.saturating_add(nanos(&tracks));
                tracks = audio_tracks(&*reader)?;
                continue;
            }
            Err(error) => {
                let has_sound = tracks.iter().any(|track| track.frames > 0);
                return match has_sound && is_cut_off(&error, &*reader) {
                    true => longest(before, &tracks),
                    false => Err(AudioError::Broken(error.to_string())),
                };
            }
        };
        let found = tracks.iter_mut().find(|track| track.id == packet.track_id);
        if let Some(track) = found {
            track.add(&packet);
        }
    }
    Err(AudioError::TooLong)
}

/// Whether a reader has come to the end of the bytes, and so has every decoder.
///
/// Any other error in the middle is a refusal, and never the price of what came before it: decoders look for the next frame
/// that they can read, play on, and the provider would hear an hour of which a minute was paid. In MP4, whose tables say where
/// each frame lies, one that lies beyond the end is such an error too, since others may not.
fn is_cut_off(error: &Error, reader: &dyn FormatReader) -> bool {
    let at_end = matches!(error, Error::IoError(error) if error.kind() == ErrorKind::UnexpectedEof);
    at_end && reader.format_info().format != FORMAT_ID_ISOMP4
}

/// One track of sound, and what has been seen of it.
#[derive(Debug)]
struct Sound {
    id: u32,
    /// Seconds to a tick of the container's clock, as a fraction.
    tick: (u64, u64),
    frames_are: Frames,
    frames: u64,
    claimed_ticks: u128,
    /// By the frames' own word, in nanoseconds.
    own_nanos: u128,
}

impl Sound {
    fn add(&mut self, packet: &Packet) {
        self.frames += 1;
        self.claimed_ticks += u128::from(packet.block_dur().get());
        self.own_nanos += u128::from(self.frames_are.nanos(&packet.data));
    }

    fn nanos(&self) -> u128 {
        let (numerator, denominator) = self.tick;
        let claimed = self
            .claimed_ticks
            .saturating_mul(u128::from(numerator) * 1_000_000_000);
        self.own_nanos.max(claimed / u128::from(denominator))
    }
}

fn audio_tracks(reader: &dyn FormatReader) -> Result<Vec<Sound>, AudioError> {
    let format = reader.format_info().format;
    let is_claimed = format == FORMAT_ID_ISOMP4 || format == FORMAT_ID_MKV;
    let tracks = reader
        .tracks()
        .iter()
        .filter_map(|track| match &track.codec_params {
            Some(CodecParameters::Audio(parameters)) => Some(sound(track, parameters, is_claimed)),
            _ => None,
        });
    let tracks = tracks.collect::<Result<Vec<_>, _>>()?;
    match tracks.is_empty() {
        true => Err(AudioError::Silent),
        false => Ok(tracks),
    }
}

fn sound(
    track: &Track,
    parameters: &AudioCodecParameters,
    is_claimed: bool,
) -> Result<Sound, AudioError> {
    let rate = parameters.sample_rate.filter(|rate| *rate > 0);
    let frames_are = match parameters.codec {
        codec::CODEC_ID_OPUS => Frames::Opus,
        codec::CODEC_ID_AAC => Frames::Aac {
            rate: rate.unwrap_or(8_000),
        },
        codec::CODEC_ID_MP1 | codec::CODEC_ID_MP2 | codec::CODEC_ID_MP3 => Frames::Mpeg,
        // Its readers of native files count samples; in a container of another family only that knows.
        _ if is_claimed => return Err(AudioError::Unmeasurable),
        _ => Frames::Counted,
    };
    let tick = match (track.time_base, rate) {
        (Some(base), _) => (u64::from(base.numer.get()), u64::from(base.denom.get())),
        (None, Some(rate)) => (1, u64::from(rate)),
        (None, None) => return Err(AudioError::Unmeasurable),
    };
    Ok(Sound {
        id: track.id,
        tick,
        frames_are,
        frames: 0,
        claimed_ticks: 0,
        own_nanos: 0,
    })
}

/// The length of the longest track: which one a model server hears is its affair.
fn nanos(tracks: &[Sound]) -> u128 {
    tracks.iter().map(Sound::nanos).max().unwrap_or(0)
}

fn longest(before: u128, tracks: &[Sound]) -> Result<u64, AudioError> {
    let nanos = before.saturating_add(nanos(tracks));
    match u64::try_from(nanos.div_ceil(1_000_000)) {
        Ok(0) => Err(AudioError::Silent),
        Ok(millis) if millis <= LONGEST_MS => Ok(millis),
        _ => Err(AudioError::TooLong),
    }
}
