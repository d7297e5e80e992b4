//! What stands around a question, so that an item reads like what apps and people send all day.

use super::ItemKind;
use super::draw::Draw;

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) role: &'static str,
    pub(super) content: String,
}

/// System prompt, greeting, earlier turns and parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Surroundings {
    system: Option<String>,
    earlier: Vec<Turn>,
    before: String,
    after: String,
    max_tokens: Option<i64>,
    temperature: Option<&'static str>,
    top_p: Option<&'static str>,
    stream: Option<bool>,
    has_usage: bool,
    is_messages_first: bool,
}

const PERSONAS: [&str; 24] = [
    "You are a helpful assistant.",
    "You are a helpful assistant",
    "You answer questions.",
    "You are a friendly and concise assistant.",
    "Be brief and correct.",
    "You're a tutor.",
    "You are a patient tutor for adult learners.",
    "Answer in English.",
    "Keep it short.",
    "You help the staff of a small company with everyday questions.",
    "You are an expert.",
    "Respond clearly. Use plain language.",
    "You are the assistant inside a notes app.",
    "You are a knowledgeable colleague.",
    "Think carefully before you respond.",
    "You are an AI assistant that is direct and accurate.",
    "Always reply in a polite tone.",
    "You are a support bot. If you don't know something, say so.",
    "Act as a study partner.",
    "You are part of a messaging app; replies are shown on a phone.",
    "Use Markdown.",
    "Do not use emojis.",
    "You are an assistant. The user may be in a hurry.",
    "Give complete answers without filler.",
];

const OPENINGS: [&str; 26] = [
    "Hi! ",
    "Hello, ",
    "Hey, ",
    "Quick question: ",
    "Can you help me with this? ",
    "Hi there. ",
    "Good morning! ",
    "I need a hand: ",
    "Sorry to bother you. ",
    "One more: ",
    "So, ",
    "Ok. ",
    "Could you look at this please? ",
    "My kid asked me this: ",
    "I got stuck here. ",
    "Please: ",
    "From my to-do list: ",
    "Here is something I want to get right. ",
    "A colleague wants to know. ",
    "Need this for tomorrow. ",
    "Help! ",
    "Been a long day. ",
    "Next one. ",
    "Hey there! ",
    "Let me try you on this: ",
    "This came up at work. ",
];

const CLOSINGS: [&str; 24] = [
    " Thanks!",
    " Thank you",
    " thx",
    " Please explain briefly.",
    " Cheers.",
    " Short answer is fine.",
    " Be quick please",
    " Take your time.",
    "\n\nThanks in advance!",
    " I appreciate it.",
    " No need for a long explanation.",
    " Walk me through it if you can.",
    " pls",
    " :)",
    " I want to double check mine.",
    "\nThank you very much.",
    " Much obliged.",
    " Ta!",
    " I don't trust my own attempt.",
    " You are the best.",
    " Just tell me.",
    " Many thanks, bye",
    " That would help a lot.",
    " Keep it simple.",
];

const CHATS: [(&str, &str); 12] = [
    ("hi", "Hello! How can I help you today?"),
    ("Hello", "Hi there! What can I do for you?"),
    ("Are you there?", "Yes, I'm here. What do you need?"),
    ("good evening", "Good evening! How may I assist you?"),
    ("I have a few questions today.", "Sure, go ahead."),
    ("Can you help me with something?", "Of course! What is it?"),
    (
        "What can you do?",
        "I can answer questions, write, explain and help you think. What would you like to do?",
    ),
    (
        "thanks for earlier",
        "You're welcome! Is there anything else?",
    ),
    ("hey", "Hey! What's up?"),
    (
        "I am preparing some material.",
        "Great. Tell me what you need and I'll do my best.",
    ),
    ("Let's continue.", "Happy to. What's next?"),
    ("you ready?", "Ready when you are."),
];

impl Surroundings {
    pub(super) fn draw(kind: ItemKind, d: &mut Draw<'_>) -> Self {
        let system = d.chance(45).then(|| {
            let first = d.pick(&PERSONAS);
            if d.chance(35) {
                format!("{first} {}", d.pick(&PERSONAS))
            } else {
                first.to_owned()
            }
        });
        let earlier = if d.chance(15) {
            let (asked, answered) = d.pick(&CHATS);
            vec![turn("user", asked), turn("assistant", answered)]
        } else {
            Vec::new()
        };
        let before = if d.chance(35) { d.pick(&OPENINGS) } else { "" };
        let after = if d.chance(35) { d.pick(&CLOSINGS) } else { "" };
        let room = match kind {
            // Enough for any honest answer, so that nobody is cut off before the end of one.
            ItemKind::Math => &[1_024, 1_200, 1_500, 2_000, 2_048, 3_000, 4_000, 4_096][..],
            ItemKind::Code => &[1_500, 2_000, 2_048, 2_500, 3_000, 4_000, 4_096, 8_192],
        };
        let stream = if d.chance(70) {
            Some(true)
        } else {
            d.chance(40).then_some(false)
        };
        Self {
            system,
            earlier,
            before: before.to_owned(),
            after: after.to_owned(),
            max_tokens: d.chance(55).then(|| d.pick(room)),
            temperature: d
                .chance(60)
                .then(|| d.pick(&["0", "0.1", "0.2", "0.3", "0.5", "0.6", "0.7", "0.7", "0.8"])),
            top_p: d.chance(15).then(|| d.pick(&["0.8", "0.9", "0.95", "1"])),
            stream,
            has_usage: stream == Some(true) && d.chance(40),
            is_messages_first: d.chance(50),
        }
    }

    pub(super) const fn is_messages_first(&self) -> bool {
        self.is_messages_first
    }

    pub(super) const fn is_streamed(&self) -> bool {
        matches!(self.stream, Some(true))
    }

    pub(super) fn turns(&self, question: &str) -> Vec<Turn> {
        let (before, after) = (&self.before, &self.after);
        self.system
            .iter()
            .map(|text| turn("system", text))
            .chain(self.earlier.iter().cloned())
            .chain([turn("user", &format!("{before}{question}{after}"))])
            .collect()
    }

    /// Everything beside model and messages, as `"key":value`.
    pub(super) fn parameters(&self) -> Vec<String> {
        let usage = self
            .has_usage
            .then(|| "{\"include_usage\":true}".to_owned());
        [
            ("max_tokens", self.max_tokens.map(|n| n.to_string())),
            ("temperature", self.temperature.map(str::to_owned)),
            ("top_p", self.top_p.map(str::to_owned)),
            ("stream", self.stream.map(|is_on| is_on.to_string())),
            ("stream_options", usage),
        ]
        .into_iter()
        .filter_map(|(key, value)| value.map(|value| format!("\"{key}\":{value}")))
        .collect()
    }
}

fn turn(role: &'static str, content: &str) -> Turn {
    Turn {
        role,
        content: content.to_owned(),
    }
}
