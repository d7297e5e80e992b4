//! The head of a request whose body is a form: the same members, each a part of its own.

use std::ops::Range;

use serde_json::value::RawValue;

use super::asks::Asks;
use super::values::wishes;
use super::{HeadError, Layout, RequestHead};
use crate::Currency;
use crate::multipart::{Boundary, Form, FormError, Part};

/// The longest value of a part that the hub reads itself.
const VALUE_BYTES: usize = 4_096;

/// A recording, and how its text is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transcription {
    /// How the text is written.
    pub format: TranscriptFormat,
    /// Where the recording stands in the body.
    pub file: Range<usize>,
    /// What its sender calls it.
    pub file_name: String,
}

/// How the text of a recording is written: `response_format`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TranscriptFormat {
    /// An object with the text.
    #[default]
    Json,
    /// An object with segments and times.
    VerboseJson,
    /// The text alone.
    Text,
    /// Subtitles as SubRip has them.
    Srt,
    /// Subtitles as WebVTT has them.
    Vtt,
}

impl TranscriptFormat {
    const ALL: [(&str, Self); 5] = [
        ("json", Self::Json),
        ("text", Self::Text),
        ("srt", Self::Srt),
        ("vtt", Self::Vtt),
        ("verbose_json", Self::VerboseJson),
    ];

    /// The content type of an answer in this format.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json | Self::VerboseJson => "application/json",
            Self::Text | Self::Srt => "text/plain; charset=utf-8",
            Self::Vtt => "text/vtt; charset=utf-8",
        }
    }

    /// Whether an answer is a JSON object.
    #[must_use]
    pub const fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::VerboseJson)
    }
}

impl RequestHead {
    /// Reads the head of a request whose body is a form, for `audio/transcriptions`.
    ///
    /// `content_type` is the value of the header, which names the boundary.
    ///
    /// # Errors
    /// [`HeadError`] when the body is not such a form or one of the parts read here is missing, doubled or wrong.
    pub fn form(content_type: &str, body: &[u8]) -> Result<Self, HeadError> {
        let form = Form::parse(body, &Boundary::of(content_type)?)?;
        let fields = Fields { form: &form, body };
        let model = fields.required("model")?;
        let name = fields.text("model", model, "a model name")?;
        if name.is_empty() {
            return Err(fields.wrong("model", "a model name", model));
        }
        let asks = Asks::Transcription(transcription(&fields)?);
        let (provider, preferences) = provider(&fields)?;
        let market = ["payment", "provider"].map(|field| fields.only(field));
        let market = market.into_iter().filter_map(Result::transpose);
        let market = market.map(|part| part.map(|part| part.whole.clone()));
        Ok(Self {
            model: name.to_owned(),
            models: Vec::new(),
            stream: false,
            include_usage: false,
            payment: payment(&fields)?,
            provider,
            preferences,
            affinity: None,
            names_session: false,
            asks,
            layout: Layout {
                len: body.len(),
                first_member: 0,
                is_form: true,
                messages: None,
                names_model: true,
                model: model.content.clone(),
                stream_options: None,
                include_usage: None,
                limits: Vec::new(),
                market: market.collect::<Result<_, _>>()?,
            },
        })
    }

    /// The names of the fields of a form that steer its answer, as [`RequestHead::parameters`].
    #[must_use]
    pub fn form_parameters(content_type: &str, body: &[u8]) -> Vec<String> {
        let form = Boundary::of(content_type).and_then(|boundary| Form::parse(body, &boundary));
        let Ok(form) = form else { return Vec::new() };
        let names = form.parts().iter().map(|part| part.name.as_str());
        let names =
            names.filter(|name| !matches!(*name, "file" | "model" | "payment" | "provider"));
        names
            .map(|name| name.trim_end_matches("[]").to_owned())
            .collect()
    }
}

/// The fields of a form, by their names.
struct Fields<'a> {
    form: &'a Form,
    body: &'a [u8],
}

impl<'a> Fields<'a> {
    fn only(&self, field: &'static str) -> Result<Option<&'a Part>, HeadError> {
        let found = self.form.only(field);
        found.map_err(|error| match error {
            FormError::Duplicate { .. } => HeadError::Duplicate { field },
            other => other.into(),
        })
    }

    fn required(&self, field: &'static str) -> Result<&'a Part, HeadError> {
        self.only(field)?.ok_or(HeadError::Missing { field })
    }

    fn text(
        &self,
        field: &'static str,
        part: &Part,
        expected: &'static str,
    ) -> Result<&'a str, HeadError> {
        let text = part.text(self.body).ok();
        text.filter(|text| text.len() <= VALUE_BYTES)
            .map(str::trim)
            .ok_or_else(|| self.wrong(field, expected, part))
    }

    fn wrong(&self, field: &'static str, expected: &'static str, part: &Part) -> HeadError {
        let found = match part.text(self.body) {
            Ok("") => "nothing".to_owned(),
            Ok(text) => text.chars().filter(|c| !c.is_control()).take(40).collect(),
            Err(_) => "something that is no text".to_owned(),
        };
        HeadError::Wrong {
            field,
            expected,
            found,
        }
    }
}

fn transcription(fields: &Fields<'_>) -> Result<Transcription, HeadError> {
    const FORMATS: &str = "json, text, srt, vtt or verbose_json";
    let file = fields.required("file")?;
    let Some(file_name) = file.filename.clone() else {
        return Err(fields.wrong("file", "a file with a name", file));
    };
    if file.content.is_empty() {
        return Err(fields.wrong("file", "a recording", file));
    }
    let format = match fields.only("response_format")? {
        None => TranscriptFormat::default(),
        Some(part) => {
            let name = fields.text("response_format", part, FORMATS)?;
            let found = TranscriptFormat::ALL.iter().find(|(word, _)| *word == name);
            let (_, format) =
                found.ok_or_else(|| fields.wrong("response_format", FORMATS, part))?;
            *format
        }
    };
    let expected = "false, since transcriptions are not streamed here";
    if let Some(part) = fields.only("stream")?
        && !matches!(
            fields.text("stream", part, expected)?,
            "" | "false" | "False" | "0"
        )
    {
        return Err(fields.wrong("stream", expected, part));
    }
    Ok(Transcription {
        format,
        file: file.content.clone(),
        file_name,
    })
}

fn payment(fields: &Fields<'_>) -> Result<Option<Currency>, HeadError> {
    const EXPECTED: &str = "USD or SWAN";
    let Some(part) = fields.only("payment")? else {
        return Ok(None);
    };
    let code = fields.text("payment", part, EXPECTED)?;
    let currency = code
        .parse()
        .map_err(|_| fields.wrong("payment", EXPECTED, part))?;
    Ok(Some(currency))
}

type Wishes = (
    Option<String>,
    Option<Box<crate::routing::RoutePreferences>>,
);

/// A form has no types: what begins like an object is one.
fn provider(fields: &Fields<'_>) -> Result<Wishes, HeadError> {
    const EXPECTED: &str = "a name or an object";
    let Some(part) = fields.only("provider")? else {
        return Ok((None, None));
    };
    let text = fields.text("provider", part, EXPECTED)?;
    if !text.starts_with('{') {
        let name = Some(text.to_owned()).filter(|name| !name.is_empty());
        return Ok((name, None));
    }
    let object: &RawValue =
        serde_json::from_str(text).map_err(|_| fields.wrong("provider", EXPECTED, part))?;
    wishes(Some(object))
}
