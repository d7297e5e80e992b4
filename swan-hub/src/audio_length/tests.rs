use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;

use super::{AudioError, AudioMeter, BESIDE, WORK, guarded, length_ms};

fn length(recording: &[u8]) -> Result<u64, AudioError> {
    guarded(Bytes::copy_from_slice(recording), None)
}

/// 16-bit mono of so many milliseconds.
fn wav(rate: u32, millis: u32) -> Vec<u8> {
    let data = rate * millis / 1_000 * 2;
    let mut out = b"RIFF".to_vec();
    out.extend((36 + data).to_le_bytes());
    out.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    out.extend(rate.to_le_bytes());
    out.extend((rate * 2).to_le_bytes());
    out.extend(b"\x02\0\x10\0data");
    out.extend(data.to_le_bytes());
    out.resize(out.len() + data as usize, 0);
    out
}

/// Frames of MPEG 1, layer III, 128 kbit/s at 44.1 kHz: 1,152 samples in 417 bytes.
fn mp3(frames: usize) -> Vec<u8> {
    let mut frame = vec![0xff, 0xfb, 0x90, 0xc0];
    frame.resize(417, 0);
    frame.repeat(frames)
}

/// Frames of AAC-LC in ADTS at 44.1 kHz, mono: 1,024 samples each.
fn adts(frames: usize) -> Vec<u8> {
    let mut frame = vec![0xff, 0xf1, 0x50, 0x40, 0x02, 0x1f, 0xfc];
    frame.extend([0x01, 0x18, 0x20, 0x07, 0, 0, 0, 0, 0]);
    frame.repeat(frames)
}

fn ogg_crc(page: &[u8]) -> u32 {
    page.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| {
            crc << 1 ^ if crc >> 31 == 1 { 0x04c1_1db7 } else { 0 }
        })
    })
}

fn ogg_page(kind: u8, position: u64, number: u32, packets: &[&[u8]]) -> Vec<u8> {
    let mut page = b"OggS\0".to_vec();
    page.push(kind);
    page.extend(position.to_le_bytes());
    page.extend(7_u32.to_le_bytes());
    page.extend(number.to_le_bytes());
    page.extend([0; 4]);
    page.push(u8::try_from(packets.len()).unwrap());
    page.extend(
        packets
            .iter()
            .map(|packet| u8::try_from(packet.len()).unwrap()),
    );
    page.extend(packets.concat());
    let crc = ogg_crc(&page);
    page[22..26].copy_from_slice(&crc.to_le_bytes());
    page
}

const OPUS_HEAD: &[u8] = b"OpusHead\x01\x01\0\0\x80\xbb\0\0\0\0\0";

/// Packets of 60 ms of SILK each, in pages of 50; `position` is what each page says of where it ends.
fn ogg_opus(packets: u32, position: impl Fn(u64) -> u64) -> Vec<u8> {
    let mut out = ogg_page(2, 0, 0, &[OPUS_HEAD]);
    out.extend(ogg_page(0, 0, 1, &[b"OpusTags\0\0\0\0\0\0\0\0"]));
    for page in 0..packets.div_ceil(50) {
        let here = 50.min(packets - page * 50);
        let end = u64::from(page * 50 + here) * 2_880;
        let last = if page + 1 == packets.div_ceil(50) {
            4
        } else {
            0
        };
        let body = vec![b"\x18\0\0".as_slice(); here as usize];
        out.extend(ogg_page(last, position(end), page + 2, &body));
    }
    out
}

/// An element of EBML with a size of eight bytes.
fn element(id: &[u8], content: &[u8]) -> Vec<u8> {
    let mut out = id.to_vec();
    out.extend((content.len() as u64 | 1 << 56).to_be_bytes());
    out.extend(content);
    out
}

/// WebM with blocks of one packet, each at the time that `at` gives it in milliseconds.
fn webm(
    codec: &str,
    private: &[u8],
    packets: u16,
    packet: &[u8],
    at: impl Fn(u16) -> u16,
) -> Vec<u8> {
    let mut out = element(b"\x1a\x45\xdf\xa3", &element(b"\x42\x82", b"webm"));
    let info = [
        element(b"\x2a\xd7\xb1", &1_000_000_u32.to_be_bytes()),
        element(b"\x4d\x80", b"test"),
        element(b"\x57\x41", b"test"),
    ];
    let info = element(b"\x15\x49\xa9\x66", &info.concat());
    let audio = element(
        b"\xe1",
        &[
            element(b"\xb5", &48_000_f32.to_be_bytes()),
            element(b"\x9f", &[1]),
        ]
        .concat(),
    );
    let entry = [
        element(b"\xd7", &[1]),
        element(b"\x73\xc5", &[1]),
        element(b"\x83", &[2]),
        element(b"\x86", codec.as_bytes()),
        element(b"\x63\xa2", private),
        audio,
    ];
    let tracks = element(b"\x16\x54\xae\x6b", &element(b"\xae", &entry.concat()));
    let mut cluster = element(b"\xe7", &[0]);
    for number in 0..packets {
        let mut block = vec![0x81];
        block.extend(at(number).to_be_bytes());
        block.push(0x80);
        block.extend(packet);
        cluster.extend(element(b"\xa3", &block));
    }
    let cluster = element(b"\x1f\x43\xb6\x75", &cluster);
    out.extend(element(
        b"\x18\x53\x80\x67",
        &[info, tracks, cluster].concat(),
    ));
    out
}

#[test]
fn every_format_is_measured_by_its_frames() {
    let opus = webm("A_OPUS", OPUS_HEAD, 100, b"\x18\0\0", |number| number * 60);
    for (name, recording, expected) in [
        ("wav", wav(16_000, 1_500), 1_500),
        ("wav at 8 kHz", wav(8_000, 61_000), 61_000),
        // 383 frames of 1,152 samples at 44.1 kHz are 10.0049 s.
        ("mp3", mp3(383), 10_005),
        // 431 frames of 1,024 samples at 44.1 kHz are 10.0078 s.
        ("aac", adts(431), 10_008),
        ("ogg with opus", ogg_opus(100, |end| end), 6_000),
        ("webm with opus", opus, 6_000),
    ] {
        assert_eq!(length(&recording), Ok(expected), "{name}");
    }
}

#[test]
fn a_container_that_says_less_than_its_frames_is_not_believed() {
    let short = webm("A_OPUS", OPUS_HEAD, 100, b"\x18\0\0", |_| 0);
    assert_eq!(length(&short), Ok(6_000));
    assert_eq!(length(&ogg_opus(100, |_| 2_880)), Ok(6_000));
    // Twelve frames of 20 ms in one packet, by its second byte.
    let packed = webm("A_OPUS", OPUS_HEAD, 10, b"\x0b\x0c\0", |number| number);
    assert_eq!(length(&packed), Ok(2_400));
    let claimed = webm("A_FLAC", b"fLaC", 10, b"\xff\xf8", |number| number);
    assert!(length(&claimed).is_err(), "only its container knows");
}

#[test]
fn a_recording_that_breaks_off_is_as_long_as_what_is_there() {
    let whole = wav(16_000, 10_000);
    let half = &whole[..44 + 16_000 * 2 * 5];
    let found = length(half).unwrap();
    assert!((5_000..=5_100).contains(&found), "{found}");
    assert_eq!(
        length(&mp3(100)[..417 * 60 + 100]).map(|found| found / 10),
        Ok(156)
    );
}

/// Zeros over 24 bytes in the middle.
fn torn(mut recording: Vec<u8>) -> Vec<u8> {
    let middle = recording.len() / 2;
    recording[middle..middle + 24].fill(0);
    recording
}

/// WebM of a hundred packets of 60 ms, of which the fiftieth claims to be longer than all that follows.
fn misled_webm() -> Vec<u8> {
    let mut recording = webm("A_OPUS", OPUS_HEAD, 100, b"\x18\0\0", |number| number * 60);
    let blocks = memchr::memmem::find_iter(&recording, b"\xa3\x01\0\0\0\0\0\0");
    let at = blocks.collect::<Vec<_>>()[50];
    recording[at + 5] = 0x40;
    recording
}

/// WebM as browsers record it: nobody knew how long it would be.
fn live_webm() -> Vec<u8> {
    let mut recording = webm("A_OPUS", OPUS_HEAD, 100, b"\x18\0\0", |number| number * 60);
    for name in [b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"] {
        let at = memchr::memmem::find(&recording, name).unwrap() + 4;
        recording[at..at + 8].copy_from_slice(b"\x01\xff\xff\xff\xff\xff\xff\xff");
    }
    recording
}

#[test]
fn a_webm_whose_parts_do_not_fit_into_each_other_is_refused() {
    assert_eq!(length(&live_webm()), Ok(6_000));
    // A second cluster, which ends the first one where that has no length of its own.
    let whole = webm("A_OPUS", OPUS_HEAD, 100, b"\x18\0\0", |number| number * 60);
    let cluster = memchr::memmem::find(&whole, b"\x1f\x43\xb6\x75").unwrap();
    let more = &live_webm()[cluster..];
    assert_eq!(length(&[&*live_webm(), more].concat()), Ok(12_000));
    for (name, recording) in [
        ("a part that is longer than what it lies in", misled_webm()),
        ("more after its end", [&*whole, &whole[cluster..]].concat()),
        ("half of it", whole[..whole.len() / 2].to_vec()),
        (
            "half of a live one",
            live_webm()[..whole.len() / 2].to_vec(),
        ),
    ] {
        let found = length(&recording);
        let is_refused = matches!(found, Err(AudioError::Broken(_) | AudioError::Unknown));
        assert!(is_refused, "{name}: {found:?}");
    }
}

#[test]
fn a_recording_that_breaks_half_way_is_refused_or_counted_to_its_end() {
    for (name, recording, whole) in [
        ("mp3", torn(mp3(100)), 2_612),
        ("aac", torn(adts(431)), 10_008),
        ("ogg with opus", torn(ogg_opus(1_000, |end| end)), 60_000),
        ("webm with opus", misled_webm(), 6_000),
    ] {
        let found = length(&recording);
        // A page of Ogg that is damaged is no longer there for anybody: fifty packets of 60 ms.
        let lost = 3_000 + 60;
        let is_right = match &found {
            Ok(found) => *found + lost >= whole && (name != "webm with opus"),
            Err(error) => matches!(error, AudioError::Broken(_)),
        };
        assert!(is_right, "{name}: {found:?}");
    }
}

#[test]
fn a_stream_of_pages_that_was_cut_off_is_as_long_as_its_pages() {
    let whole = ogg_opus(1_000, |end| end);
    let found = length(&whole[..whole.len() / 2]).unwrap();
    assert!((27_000..=30_000).contains(&found), "{found}");
}

#[test]
fn what_is_no_recording_is_refused() {
    for (name, file) in [
        ("nothing", Vec::new()),
        (
            "text",
            b"Once upon a time there was no sound at all. ".repeat(100),
        ),
        ("zeros", vec![0; 10_000]),
        ("a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec()),
        ("a head alone", wav(16_000, 0)),
        ("half a head", wav(16_000, 100)[..30].to_vec()),
    ] {
        assert!(length(&file).is_err(), "{name}: {:?}", length(&file));
    }
}

#[tokio::test]
async fn large_recordings_are_measured_beside_the_requests() {
    let meter = AudioMeter::default();
    let large = Bytes::from(wav(16_000, 60_000));
    let all = (0..8).map(|_| meter.measure(large.clone(), "speech.wav"));
    for found in futures::future::join_all(all).await {
        assert_eq!(found, Ok(60_000));
    }
}

#[test]
fn recordings_one_after_the_other_are_heard_to_the_last() {
    let one = ogg_opus(20, |end| end);
    let all = length(&[one.clone(), ogg_opus(100, |end| end)].concat());
    assert!(
        all.is_err() || all.as_ref().is_ok_and(|found| *found >= 1_200 + 6_000),
        "{all:?}"
    );
    let three = length(&one.repeat(3));
    assert!(
        three.is_err() || three.as_ref().is_ok_and(|found| *found >= 3_600),
        "{three:?}"
    );
    let mp3 = length(&[mp3(100), b"ID3 is what this is not".to_vec(), mp3(100)].concat());
    assert!(mp3.as_ref().is_ok_and(|found| *found >= 5_224), "{mp3:?}");
}

#[test]
fn boxes_that_cost_memory_for_each_other_are_counted_first() {
    let mut file = b"\0\0\0\x10ftypM4A \0\0\0\0".to_vec();
    file.extend(b"\0\0\0\x20trex".repeat(17));
    assert_eq!(
        length(&file),
        Err(AudioError::Broken("it has too many parts".into()))
    );
}

#[test]
fn what_takes_too_long_to_measure_is_not_measured() {
    let recording = Bytes::from(wav(16_000, 60_000));
    assert_eq!(length_ms(&recording, None, WORK), Ok(60_000));
    assert_eq!(
        length_ms(&recording, None, Duration::ZERO),
        Err(AudioError::Slow)
    );
}

#[test]
fn who_hangs_up_does_not_make_room_for_more_work() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(1)
        .enable_time()
        .build();
    runtime.unwrap().block_on(async {
        let (open, gate) = std::sync::mpsc::channel::<()>();
        // The one thread is taken, so that the work does not begin.
        let taken = tokio::task::spawn_blocking(move || gate.recv());
        let meter = AudioMeter::default();
        let recording = Bytes::from(wav(16_000, 100));
        for _ in 0..10 {
            let mut measuring = Box::pin(meter.measure(recording.clone(), "a.wav"));
            assert!(futures::poll!(&mut measuring).is_pending());
        }
        assert_eq!(
            meter.turns.available_permits(),
            0,
            "{BESIDE} wait, whoever is still there"
        );
        open.send(()).unwrap();
        taken.await.unwrap().unwrap();
        assert_eq!(meter.measure(recording, "a.wav").await, Ok(100));
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn no_damage_makes_it_hang_or_panic(
        which in 0..5_usize,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..24),
        end in any::<prop::sample::Index>(),
    ) {
        let mut file = match which {
            0 => wav(8_000, 500),
            1 => mp3(20),
            2 => adts(40),
            3 => ogg_opus(60, |end| end),
            _ => webm("A_OPUS", OPUS_HEAD, 30, b"\x18\0\0", |number| number * 60),
        };
        for (at, byte) in damage {
            let at = at.index(file.len());
            file[at] = byte;
        }
        file.truncate(end.index(file.len()) + 1);
        if let Ok(millis) = length(&file) {
            prop_assert!(millis > 0);
        }
    }
}
