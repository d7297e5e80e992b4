//! How long one frame is, by its own word.

/// Which kind of frames a track has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frames {
    /// Each begins with a byte that says how long it is (RFC 6716, section 3.1).
    Opus,
    /// 1,024 samples each, at the rate of the core coder.
    Aac { rate: u32 },
    /// Each begins with a header that names version, layer and rate.
    Mpeg,
    /// The reader of the file has counted their samples.
    Counted,
}

impl Frames {
    /// The length of this frame in nanoseconds; 0 where it does not say.
    pub(super) fn nanos(self, frame: &[u8]) -> u64 {
        match self {
            Self::Opus => opus_nanos(frame),
            Self::Aac { rate } => 1_024_000_000_000 / u64::from(rate.max(1)),
            Self::Mpeg => mpeg_nanos(frame),
            Self::Counted => 0,
        }
    }
}

fn opus_nanos(frame: &[u8]) -> u64 {
    let Some(toc) = frame.first() else { return 0 };
    let micros = match toc >> 3 {
        // SILK: 10, 20, 40, 60 ms.
        config @ 0..=11 => [10_000, 20_000, 40_000, 60_000].get(usize::from(config & 3)),
        // Hybrid: 10, 20 ms.
        config @ 12..=15 => [10_000, 20_000].get(usize::from(config & 1)),
        // CELT: 2.5, 5, 10, 20 ms.
        config => [2_500, 5_000, 10_000, 20_000].get(usize::from(config & 3)),
    };
    let count = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => frame.get(1).map_or(0, |byte| u64::from(byte & 0x3f)),
    };
    micros.copied().unwrap_or(0) * 1_000 * count
}

fn mpeg_nanos(frame: &[u8]) -> u64 {
    let Some(&[0xff, second, third, _]) = frame.first_chunk::<4>() else {
        return 0;
    };
    let (version, layer) = (second >> 3 & 3, second >> 1 & 3);
    let Some(rate) = [44_100_u64, 48_000, 32_000].get(usize::from(third >> 2 & 3)) else {
        return 0;
    };
    // 3 is MPEG 1, 2 is MPEG 2 at half the rates, 0 is MPEG 2.5 at a quarter.
    let rate = match version {
        3 => *rate,
        2 => rate / 2,
        0 => rate / 4,
        _ => return 0,
    };
    let samples = match (layer, version) {
        (3, _) => 384,
        (2, _) | (1, 3) => 1_152,
        (1, _) => 576,
        _ => return 0,
    };
    samples * 1_000_000_000 / rate
}
