//! From text to tokens, with indentation as Python has it.

use std::rc::Rc;

use super::halt::Halt;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Name(Rc<str>),
    Int(i128),
    Float(f64),
    Text(Rc<str>),
    /// The inside of an f-string, not yet read.
    Joined(Rc<str>),
    Op(&'static str),
    Newline,
    Indent,
    Dedent,
    End,
}

/// Longest first, so that `**=` is not read as `*`.
const OPERATORS: [&str; 47] = [
    "**=", "//=", ">>=", "<<=", "...", "**", "//", ">>", "<<", "<=", ">=", "==", "!=", "->", "+=",
    "-=", "*=", "/=", "%=", "&=", "|=", "^=", ":=", "@=", "+", "-", "*", "/", "%", "@", "&", "|",
    "^", "~", "<", ">", "(", ")", "[", "]", "{", "}", ",", ":", ".", ";", "=",
];

pub(super) fn tokens(source: &str) -> Result<Vec<Token>, Halt> {
    let mut lexer = Lexer {
        chars: source.chars().collect(),
        at: 0,
        depth: 0,
        indents: vec![0],
        tokens: Vec::new(),
    };
    lexer.run()?;
    Ok(lexer.tokens)
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
    depth: usize,
    indents: Vec<usize>,
    tokens: Vec<Token>,
}

impl Lexer {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn run(&mut self) -> Result<(), Halt> {
        self.indentation()?;
        while let Some(c) = self.peek(0) {
            match c {
                '\n' => self.end_line()?,
                ' ' | '\t' | '\r' | '\u{c}' => self.at += 1,
                '#' => self.comment(),
                '\\' if self.peek(1) == Some('\n') => self.at += 2,
                _ => self.token(c)?,
            }
        }
        self.tokens.push(Token::Newline);
        while self.indents.len() > 1 {
            self.indents.pop();
            self.tokens.push(Token::Dedent);
        }
        self.tokens.push(Token::End);
        Ok(())
    }

    fn comment(&mut self) {
        while self.peek(0).is_some_and(|c| c != '\n') {
            self.at += 1;
        }
    }

    fn end_line(&mut self) -> Result<(), Halt> {
        self.at += 1;
        if self.depth > 0 {
            return Ok(());
        }
        if !matches!(
            self.tokens.last(),
            None | Some(Token::Newline | Token::Indent | Token::Dedent)
        ) {
            self.tokens.push(Token::Newline);
        }
        self.indentation()
    }

    /// Measures the indentation of the next line that says anything.
    fn indentation(&mut self) -> Result<(), Halt> {
        let width = loop {
            let mut width = 0;
            while let Some(c) = self.peek(0) {
                match c {
                    ' ' => width += 1,
                    '\t' => width = width / 8 * 8 + 8,
                    '\r' | '\u{c}' => {}
                    _ => break,
                }
                self.at += 1;
            }
            match self.peek(0) {
                Some('#') => self.comment(),
                Some('\n') => self.at += 1,
                Some(_) => break width,
                None => return Ok(()),
            }
        };
        let current = self.indents.last().copied().unwrap_or(0);
        if width > current {
            if self.indents.len() > 60 {
                return Err(Halt::unsupported("indentation as deep as this"));
            }
            self.indents.push(width);
            self.tokens.push(Token::Indent);
        }
        while self.indents.last().is_some_and(|indent| width < *indent) {
            self.indents.pop();
            self.tokens.push(Token::Dedent);
        }
        if self.indents.last() == Some(&width) {
            Ok(())
        } else {
            Err(Halt::syntax("unindent does not match"))
        }
    }

    fn token(&mut self, c: char) -> Result<(), Halt> {
        let is_number = c.is_ascii_digit()
            || (c == '.' && self.peek(1).is_some_and(|next| next.is_ascii_digit()));
        if is_number {
            return self.number();
        }
        if c == '"' || c == '\'' {
            return self.text("");
        }
        if c.is_alphabetic() || c == '_' {
            let mut word = String::new();
            while let Some(c) = self.peek(0).filter(|c| c.is_alphanumeric() || *c == '_') {
                word.push(c);
                self.at += 1;
            }
            let is_prefix = matches!(self.peek(0), Some('"' | '\'')) && word.len() <= 2;
            if is_prefix && word.chars().all(|c| "rRbBfFuU".contains(c)) {
                return self.text(&word.to_ascii_lowercase());
            }
            self.tokens.push(Token::Name(word.into()));
            return Ok(());
        }
        let operator = OPERATORS.iter().find(|operator| {
            operator
                .chars()
                .zip(0..)
                .all(|(c, ahead)| self.peek(ahead) == Some(c))
        });
        let Some(operator) = operator else {
            return Err(Halt::syntax("a character that Python does not know"));
        };
        self.at += operator.len();
        match *operator {
            "(" | "[" | "{" => self.depth += 1,
            ")" | "]" | "}" => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.tokens.push(Token::Op(operator));
        Ok(())
    }

    fn number(&mut self) -> Result<(), Halt> {
        let base = match (self.peek(0), self.peek(1)) {
            (Some('0'), Some('x' | 'X')) => 16,
            (Some('0'), Some('b' | 'B')) => 2,
            (Some('0'), Some('o' | 'O')) => 8,
            _ => 10,
        };
        if base != 10 {
            self.at += 2;
        }
        let mut digits = String::new();
        let mut is_float = false;
        while let Some(c) = self.peek(0) {
            let is_exponent = matches!(c, 'e' | 'E') && !digits.contains(['e', 'E']);
            let is_point = c == '.' && !digits.contains(['.', 'e', 'E']);
            let is_sign = matches!(c, '+' | '-') && digits.ends_with(['e', 'E']);
            match c {
                '_' => {}
                _ if base == 10 && (is_sign || is_point || is_exponent) => {
                    is_float = true;
                    digits.push(c);
                }
                _ if c.is_digit(base) => digits.push(c),
                _ => break,
            }
            self.at += 1;
        }
        if base == 10 && matches!(self.peek(0), Some('j' | 'J')) {
            return Err(Halt::unsupported("complex numbers"));
        }
        let has_zeros =
            digits.len() > 1 && digits.starts_with('0') && !digits.trim_matches('0').is_empty();
        if base == 10 && !is_float && has_zeros {
            return Err(Halt::syntax("leading zeros in a number"));
        }
        let token = if is_float {
            digits.parse().ok().map(Token::Float)
        } else {
            i128::from_str_radix(&digits, base).ok().map(Token::Int)
        };
        match token {
            Some(token) => self.tokens.push(token),
            None if is_float || digits.is_empty() => return Err(Halt::syntax("a bad number")),
            None => return Err(Halt::unsupported("numbers beyond 127 bits")),
        }
        Ok(())
    }

    fn text(&mut self, prefix: &str) -> Result<(), Halt> {
        if prefix.contains('b') {
            return Err(Halt::unsupported("bytes"));
        }
        let (is_raw, is_joined) = (prefix.contains('r'), prefix.contains('f'));
        let quote = self.peek(0).unwrap_or('"');
        let is_triple = self.peek(1) == Some(quote) && self.peek(2) == Some(quote);
        self.at += if is_triple { 3 } else { 1 };
        let mut text = String::new();
        loop {
            let Some(c) = self.peek(0) else {
                return Err(Halt::syntax("a text without an end"));
            };
            self.at += 1;
            if c == quote {
                if !is_triple {
                    break;
                }
                if self.peek(0) == Some(quote) && self.peek(1) == Some(quote) {
                    self.at += 2;
                    break;
                }
            }
            if c == '\n' && !is_triple {
                return Err(Halt::syntax("a text without an end"));
            }
            if c == '\\' && !is_raw {
                self.escape(&mut text)?;
            } else {
                if c == '\\' && self.peek(0) == Some(quote) {
                    text.push(c);
                    self.at += 1;
                    text.push(quote);
                    continue;
                }
                text.push(c);
            }
        }
        if !is_joined && let Some(Token::Text(before)) = self.tokens.last_mut() {
            // Texts next to each other are one.
            *before = format!("{before}{text}").into();
            return Ok(());
        }
        self.tokens.push(if is_joined {
            Token::Joined(text.into())
        } else {
            Token::Text(text.into())
        });
        Ok(())
    }

    fn escape(&mut self, text: &mut String) -> Result<(), Halt> {
        let Some(c) = self.peek(0) else {
            return Err(Halt::syntax("a text without an end"));
        };
        self.at += 1;
        match c {
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            '\\' | '\'' | '"' => text.push(c),
            '\n' => {}
            '1'..='7' | 'a' | 'b' | 'f' | 'v' | 'N' | 'U' => {
                return Err(Halt::unsupported("such escapes"));
            }
            '0' if self.peek(0).is_some_and(|c| c.is_digit(8)) => {
                return Err(Halt::unsupported("such escapes"));
            }
            '0' => text.push('\0'),
            'x' | 'u' => {
                let length = if c == 'x' { 2 } else { 4 };
                let digits: String = (0..length).filter_map(|ahead| self.peek(ahead)).collect();
                self.at += length;
                let code = u32::from_str_radix(&digits, 16)
                    .ok()
                    .and_then(char::from_u32);
                text.push(code.ok_or_else(|| Halt::syntax("a bad escape"))?);
            }
            _ => text.extend(['\\', c]),
        }
        Ok(())
    }
}
