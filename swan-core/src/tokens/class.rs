//! What a character is to a tokenizer.

/// What a character is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Lower,
    Upper,
    /// A Latin letter that is not ASCII.
    Accented,
    Digit,
    Space,
    Newline,
    /// Any other white space.
    Blank,
    /// An ASCII character that is none of these.
    Mark,
    Script(Script),
}

/// What the characters of a script cost, in parts of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) each: u8,
    /// On top, for the first after anything else.
    pub(super) first: u8,
}

const fn script(each: u8, first: u8) -> Class {
    Class::Script(Script { each, first })
}

const GREEK: Class = script(29, 51);
const CYRILLIC: Class = script(22, 14);
const HEBREW: Class = script(28, 53);
const ARABIC: Class = script(26, 29);
const INDIC: Class = script(39, 24);
const THAI: Class = script(40, 21);
const HANGUL: Class = script(59, 32);
const KANA: Class = script(31, 17);
const HAN: Class = script(49, 19);
const WIDE_MARK: Class = script(39, 19);
const SYMBOL: Class = script(102, 64);
const EMOJI: Class = script(128, 38);
/// What joins or tints emoji.
const JOINER: Class = script(63, 6);
/// An accent on its own, as of decomposed text.
const COMBINING: Class = script(50, 10);
/// Scripts that tokenizers have hardly seen fall apart into bytes.
const UNKNOWN: Class = script(112, 32);

const ASCII: [Class; 128] = ascii();

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated when this is compiled, where a wrong index is an error"
)]
const fn ascii() -> [Class; 128] {
    let mut classes = [Class::Mark; 128];
    let mut at = 0;
    let mut byte = 0_u8;
    while at < classes.len() {
        classes[at] = match byte {
            b'a'..=b'z' => Class::Lower,
            b'A'..=b'Z' => Class::Upper,
            b'0'..=b'9' => Class::Digit,
            b' ' => Class::Space,
            b'\n' | b'\r' => Class::Newline,
            b'\t' | 0x0b | 0x0c => Class::Blank,
            _ => Class::Mark,
        };
        at += 1;
        byte += 1;
    }
    classes
}

#[inline]
pub(super) fn class_of(character: char) -> Class {
    let known = usize::try_from(u32::from(character));
    match known.ok().and_then(|code| ASCII.get(code)) {
        Some(class) => *class,
        None => beyond_ascii(character),
    }
}

fn beyond_ascii(character: char) -> Class {
    match character {
        '\u{a0}' | '\u{3000}' => Class::Blank,
        '\u{d7}' | '\u{f7}' => SYMBOL,
        '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => Class::Accented,
        '\u{80}'..='\u{bf}' => SYMBOL,
        '\u{300}'..='\u{36f}' => COMBINING,
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => GREEK,
        '\u{400}'..='\u{52f}' => CYRILLIC,
        '\u{590}'..='\u{5ff}' => HEBREW,
        '\u{600}'..='\u{77f}' => ARABIC,
        '\u{900}'..='\u{dff}' => INDIC,
        '\u{e00}'..='\u{e7f}' => THAI,
        '\u{ac00}'..='\u{d7af}' | '\u{1100}'..='\u{11ff}' => HANGUL,
        '\u{200d}' | '\u{fe0e}' | '\u{fe0f}' => JOINER,
        '\u{2000}'..='\u{2fff}' => SYMBOL,
        '\u{3001}'..='\u{303f}' | '\u{ff00}'..='\u{ffef}' => WIDE_MARK,
        '\u{3040}'..='\u{30ff}' => KANA,
        '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' => HAN,
        '\u{1f000}'..='\u{1faff}' => EMOJI,
        _ => UNKNOWN,
    }
}
