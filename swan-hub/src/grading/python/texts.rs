//! Methods of texts.

use std::rc::Rc;

use super::eval::Arguments;
use super::format;
use super::halt::Halt;
use super::machine::Machine;
use super::methods::unknown;
use super::value::{Object, Value};

fn text_argument(machine: &Machine, value: Option<Value>) -> Result<Rc<str>, Halt> {
    let text = value.and_then(|value| machine.text_of(value));
    text.ok_or_else(|| Halt::type_error("a str is needed"))
}

#[expect(
    clippy::too_many_lines,
    reason = "one line for each name that Python has"
)]
pub(super) fn call(
    machine: &mut Machine,
    text: &str,
    name: &str,
    given: &Arguments,
) -> Result<Value, Halt> {
    let first = given.plain.first().copied();
    let letters_are = |wanted: fn(char) -> bool| !text.is_empty() && text.chars().all(wanted);
    let truth = |truth: bool| Ok(Value::Bool(truth));
    match name {
        "lower" | "casefold" => machine.text(&text.to_lowercase()),
        "upper" => machine.text(&text.to_uppercase()),
        "swapcase" => {
            let swapped = text.chars().flat_map(|c| -> Vec<char> {
                if c.is_uppercase() {
                    c.to_lowercase().collect()
                } else {
                    c.to_uppercase().collect()
                }
            });
            machine.text(&swapped.collect::<String>())
        }
        "capitalize" | "title" => {
            let mut is_start = true;
            let mut changed = String::with_capacity(text.len());
            for c in text.chars() {
                if is_start {
                    changed.extend(c.to_uppercase());
                } else {
                    changed.extend(c.to_lowercase());
                }
                is_start = name == "title" && !c.is_alphabetic();
            }
            machine.text(&changed)
        }
        "isdigit" | "isdecimal" | "isnumeric" | "isalnum"
            if text.chars().any(|c| !c.is_ascii() && c.is_numeric()) =>
        {
            Err(Halt::unsupported("digits of other scripts"))
        }
        "isdigit" | "isdecimal" | "isnumeric" => truth(letters_are(char::is_numeric)),
        "isalpha" => truth(letters_are(char::is_alphabetic)),
        "isalnum" => truth(letters_are(char::is_alphanumeric)),
        "isspace" => truth(letters_are(char::is_whitespace)),
        "isupper" => {
            truth(text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase))
        }
        "islower" => {
            truth(text.chars().any(char::is_lowercase) && !text.chars().any(char::is_uppercase))
        }
        "strip" | "lstrip" | "rstrip" => {
            let marks = match first {
                None | Some(Value::None) => None,
                marks => Some(text_argument(machine, marks)?),
            };
            let size = marks.as_ref().map_or(1, |marks| marks.len());
            machine.steps(text.len().saturating_mul(size) / 64)?;
            let is_out = |c: char| match &marks {
                Some(marks) => marks.contains(c),
                None => c.is_whitespace(),
            };
            let stripped = match name {
                "strip" => text.trim_matches(is_out),
                "lstrip" => text.trim_start_matches(is_out),
                _ => text.trim_end_matches(is_out),
            };
            machine.text(stripped)
        }
        "startswith" | "endswith" => {
            if given.plain.len() > 1 {
                return Err(Halt::Unsupported(format!("{name} within bounds")));
            }
            let wanted = match (first, first.and_then(|value| machine.object(value))) {
                (Some(several), Some(Object::Tuple(_))) => machine.items(several)?,
                _ => first.into_iter().collect(),
            };
            for wanted in wanted {
                let wanted = text_argument(machine, Some(wanted))?;
                let found = if name == "endswith" {
                    text.ends_with(&*wanted)
                } else {
                    text.starts_with(&*wanted)
                };
                if found {
                    return truth(true);
                }
            }
            truth(false)
        }
        "split" | "rsplit" | "splitlines" | "partition" => split(machine, text, name, given),
        "join" => join(machine, text, first),
        "replace" => replace(machine, text, given),
        "find" | "index" | "rfind" | "count" => {
            let wanted = text_argument(machine, first)?;
            if given.plain.len() > 1 {
                return Err(Halt::Unsupported(format!("{name} within bounds")));
            }
            if name == "count" {
                let count = text.matches(&*wanted).count();
                return Ok(Value::Int(i128::try_from(count).unwrap_or(0)));
            }
            let found = if name == "rfind" {
                text.rfind(&*wanted)
            } else {
                text.find(&*wanted)
            };
            match found.and_then(|at| text.get(..at)) {
                Some(before) => Ok(Value::Int(
                    i128::try_from(before.chars().count()).unwrap_or(0),
                )),
                None if name == "index" => Err(Halt::value_error("substring not found")),
                None => Ok(Value::Int(-1)),
            }
        }
        "zfill" | "ljust" | "rjust" | "center" => {
            let width = match first {
                Some(Value::Bool(truth)) => usize::from(truth),
                Some(Value::Int(width)) => usize::try_from(width.max(0)).unwrap_or(usize::MAX),
                _ => return Err(Halt::type_error("a width is needed")),
            };
            machine.room(width.saturating_mul(4))?;
            let fill = match given.plain.get(1) {
                Some(fill) => text_argument(machine, Some(*fill))?
                    .chars()
                    .next()
                    .unwrap_or(' '),
                None => ' ',
            };
            let padded = match name {
                "zfill" => format::padded(text, '0', '=', width),
                "ljust" => format::padded(text, fill, '<', width),
                "rjust" => format::padded(text, fill, '>', width),
                _ => centered(text, fill, width),
            };
            machine.text(&padded)
        }
        "format" => template(machine, text, given),
        _ => Err(unknown(name)),
    }
}

fn split(machine: &mut Machine, text: &str, name: &str, given: &Arguments) -> Result<Value, Halt> {
    let first = given.plain.first().copied().or(given.named("sep"));
    let most = match given.plain.get(1).copied().or(given.named("maxsplit")) {
        Some(Value::Int(most)) if most >= 0 => usize::try_from(most).unwrap_or(usize::MAX),
        _ => usize::MAX,
    };
    machine.room(text.len().saturating_mul(4))?;
    let separator = match first {
        None | Some(Value::None) => None,
        separator => Some(text_argument(machine, separator)?),
    };
    if separator.as_deref() == Some("") {
        return Err(Halt::value_error("empty separator"));
    }
    let limit = most.saturating_add(1);
    let parts: Vec<&str> = match (name, &separator) {
        ("splitlines", _)
            if text.contains(['\r', '\u{b}', '\u{c}', '\u{1c}', '\u{85}', '\u{2028}']) =>
        {
            return Err(Halt::unsupported("lines that end otherwise"));
        }
        ("splitlines", _) => text.lines().collect(),
        ("partition", Some(separator)) => match text.split_once(&**separator) {
            Some((before, after)) => vec![before, separator, after],
            None => vec![text, "", ""],
        },
        ("rsplit", Some(separator)) => {
            let mut parts: Vec<&str> = text.rsplitn(limit, &**separator).collect();
            parts.reverse();
            parts
        }
        (_, Some(separator)) => text.splitn(limit, &**separator).collect(),
        (_, None) if most == usize::MAX => text.split_whitespace().collect(),
        (_, None) => return Err(Halt::unsupported("split with a limit but no separator")),
    };
    let mut items = Vec::with_capacity(parts.len());
    for part in parts {
        items.push(machine.text(part)?);
    }
    if name == "partition" {
        machine.tuple(items)
    } else {
        machine.list(items)
    }
}

/// An odd place goes to the left when the width is odd, unlike in a format.
fn centered(text: &str, fill: char, width: usize) -> String {
    let length = text.chars().count();
    let missing = width.saturating_sub(length);
    let left = missing / 2 + (missing & width & 1);
    let start = format::padded(text, fill, '>', length.saturating_add(left));
    format::padded(&start, fill, '<', width)
}

fn join(machine: &mut Machine, separator: &str, items: Option<Value>) -> Result<Value, Halt> {
    let items = machine.items(items.ok_or_else(|| Halt::type_error("join needs items"))?)?;
    let mut text = String::new();
    for (number, item) in items.into_iter().enumerate() {
        let part = text_argument(machine, Some(item))?;
        machine.room(part.len() + separator.len())?;
        if number > 0 {
            text.push_str(separator);
        }
        text.push_str(&part);
    }
    machine.text(&text)
}

fn replace(machine: &mut Machine, text: &str, given: &Arguments) -> Result<Value, Halt> {
    let old = text_argument(machine, given.plain.first().copied())?;
    let new = text_argument(machine, given.plain.get(1).copied())?;
    let most = match given.plain.get(2) {
        Some(Value::Int(most)) if *most >= 0 => usize::try_from(*most).unwrap_or(usize::MAX),
        _ => usize::MAX,
    };
    // Before it is written: how long it will be.
    let times = text.matches(&*old).count().min(most);
    machine.room(times.saturating_mul(new.len()).saturating_add(text.len()))?;
    machine.text(&text.replacen(&*old, &new, times))
}

/// `"{} and {0} and {:>5}".format(...)`.
fn template(machine: &mut Machine, text: &str, given: &Arguments) -> Result<Value, Halt> {
    let mut out = String::new();
    let mut rest = text;
    let mut number = 0_usize;
    while let Some((before, after)) = rest.split_once('{') {
        if before.contains('}') || after.starts_with('{') {
            return Err(Halt::unsupported("doubled braces in format"));
        }
        out.push_str(before);
        let (field, after) = after
            .split_once('}')
            .ok_or_else(|| Halt::value_error("expected '}'"))?;
        if field.contains(['!', '[', '.', '{']) && !field.contains(':') || field.contains('{') {
            return Err(Halt::unsupported("such fields in format"));
        }
        let (which, spec) = field.split_once(':').unwrap_or((field, ""));
        let value = if which.is_empty() {
            number += 1;
            given.plain.get(number - 1).copied()
        } else if let Ok(at) = which.parse::<usize>() {
            given.plain.get(at).copied()
        } else {
            given.named(which)
        };
        let value = value.ok_or_else(|| Halt::Raised("IndexError", "no such field".to_owned()))?;
        out.push_str(&format::formatted(machine, value, spec)?);
        machine.room(out.len())?;
        rest = after;
    }
    if rest.contains('}') {
        return Err(Halt::unsupported("doubled braces in format"));
    }
    out.push_str(rest);
    machine.text(&out)
}
