//! Expressions, by precedence.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::ast::{Binary, Compare, Expr, Function, Gather, Piece, Statement, Unary};
use super::fstring::joined;
use super::halt::Halt;
use super::lex::Token;
use super::parse::Parser;

/// Operators from loose to tight.
const LEVELS: [&[(&str, Binary)]; 6] = [
    &[("|", Binary::Or)],
    &[("^", Binary::Xor)],
    &[("&", Binary::And)],
    &[("<<", Binary::Left), (">>", Binary::Right)],
    &[("+", Binary::Add), ("-", Binary::Subtract)],
    &[
        ("*", Binary::Multiply),
        ("/", Binary::Divide),
        ("//", Binary::FloorDivide),
        ("%", Binary::Modulo),
    ],
];

/// How long a chain of operators or of calls may be: it is as deep as it is long.
const LONGEST_CHAIN: usize = 200;

impl Parser {
    /// One expression, or several as a tuple.
    pub(super) fn expressions(&mut self) -> Result<Expr, Halt> {
        let first = self.starred()?;
        if !self.is_op(",") {
            return Ok(first);
        }
        let mut items = vec![first];
        while self.eat_op(",") {
            let is_end = matches!(
                self.peek(),
                Token::Newline | Token::End | Token::Op("=" | ")" | "]" | "}" | ":" | ";")
            );
            if is_end {
                break;
            }
            items.push(self.starred()?);
        }
        Ok(Expr::Tuple(items))
    }

    /// What a loop assigns to.
    pub(super) fn targets(&mut self) -> Result<Expr, Halt> {
        let first = self.nest(|parser| parser.binary(0))?;
        if !self.is_op(",") {
            return Ok(first);
        }
        let mut items = vec![first];
        while self.eat_op(",") {
            if self.is_word("in") {
                break;
            }
            let target = if self.eat_op("*") {
                Expr::Starred(Box::new(self.nest(|parser| parser.binary(0))?))
            } else {
                self.nest(|parser| parser.binary(0))?
            };
            items.push(target);
        }
        Ok(Expr::Tuple(items))
    }

    fn starred(&mut self) -> Result<Expr, Halt> {
        if self.eat_op("*") {
            return Ok(Expr::Starred(Box::new(
                self.nest(|parser| parser.binary(0))?,
            )));
        }
        self.walrus()
    }

    pub(super) fn walrus(&mut self) -> Result<Expr, Halt> {
        if let Token::Name(name) = self.peek().clone()
            && self.is_op_after(":=")
        {
            self.next();
            self.next();
            return Ok(Expr::Walrus(name, Box::new(self.expression()?)));
        }
        self.expression()
    }

    pub(super) fn expression(&mut self) -> Result<Expr, Halt> {
        self.nest(Self::expression_here)
    }

    fn expression_here(&mut self) -> Result<Expr, Halt> {
        if self.eat_word("lambda") {
            let parameters = self.parameters(":", false)?;
            self.need_op(":")?;
            let body = vec![Statement::Return(Some(self.expression()?))];
            return Ok(Expr::Lambda(Rc::new(Function {
                name: "<lambda>".into(),
                parameters,
                body,
                is_generator: false,
                locals: BTreeSet::new(),
            })));
        }
        if self.eat_word("yield") {
            self.yields();
            let is_from = self.eat_word("from");
            let is_empty = matches!(self.peek(), Token::Newline | Token::Op(")"));
            let value = if is_empty {
                None
            } else {
                Some(Box::new(self.expressions()?))
            };
            return Ok(Expr::Yield(value, is_from));
        }
        let value = self.disjunction()?;
        if !self.eat_word("if") {
            return Ok(value);
        }
        let test = self.disjunction()?;
        if !self.eat_word("else") {
            return Err(Halt::syntax("else is missing"));
        }
        let no = self.expression()?;
        Ok(Expr::Choose {
            test: Box::new(test),
            yes: Box::new(value),
            no: Box::new(no),
        })
    }

    pub(super) fn disjunction(&mut self) -> Result<Expr, Halt> {
        let first = self.conjunction()?;
        if !self.is_word("or") {
            return Ok(first);
        }
        let mut terms = vec![first];
        while self.eat_word("or") {
            terms.push(self.conjunction()?);
        }
        Ok(Expr::Any(terms))
    }

    fn conjunction(&mut self) -> Result<Expr, Halt> {
        let first = self.negation()?;
        if !self.is_word("and") {
            return Ok(first);
        }
        let mut terms = vec![first];
        while self.eat_word("and") {
            terms.push(self.negation()?);
        }
        Ok(Expr::All(terms))
    }

    fn negation(&mut self) -> Result<Expr, Halt> {
        if self.eat_word("not") {
            let value = self.nest(Self::negation)?;
            return Ok(Expr::Unary(Unary::Not, Box::new(value)));
        }
        let first = self.binary(0)?;
        let mut rest = Vec::new();
        while let Some(compare) = self.compare() {
            rest.push((compare, self.binary(0)?));
        }
        if rest.is_empty() {
            return Ok(first);
        }
        Ok(Expr::Compare(Box::new(first), rest))
    }

    fn compare(&mut self) -> Option<Compare> {
        const SIGNS: [(&str, Compare); 6] = [
            ("==", Compare::Equal),
            ("!=", Compare::NotEqual),
            ("<", Compare::Less),
            ("<=", Compare::LessEqual),
            (">", Compare::Greater),
            (">=", Compare::GreaterEqual),
        ];
        if let Some((_, compare)) = SIGNS.iter().find(|(sign, _)| self.is_op(sign)) {
            self.next();
            return Some(*compare);
        }
        if self.is_word("not") && self.is_word_after("in") {
            self.next();
            self.next();
            return Some(Compare::NotIn);
        }
        if self.eat_word("in") {
            return Some(Compare::In);
        }
        if self.eat_word("is") {
            let is_not = self.eat_word("not");
            return Some(if is_not { Compare::IsNot } else { Compare::Is });
        }
        None
    }

    fn binary(&mut self, level: usize) -> Result<Expr, Halt> {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1)?;
        for _ in 0..LONGEST_CHAIN {
            let Some((_, operator)) = operators.iter().find(|(text, _)| self.is_op(text)) else {
                return Ok(left);
            };
            self.next();
            let right = self.binary(level + 1)?;
            left = Expr::Binary(Box::new(left), *operator, Box::new(right));
        }
        Err(Halt::unsupported("expressions as long as this"))
    }

    fn unary(&mut self) -> Result<Expr, Halt> {
        const SIGNS: [(&str, Unary); 3] = [
            ("-", Unary::Minus),
            ("+", Unary::Plus),
            ("~", Unary::Invert),
        ];
        if let Some((_, sign)) = SIGNS.iter().find(|(text, _)| self.is_op(text)) {
            self.next();
            let value = self.nest(Self::unary)?;
            return Ok(Expr::Unary(*sign, Box::new(value)));
        }
        let base = self.postfix()?;
        if !self.eat_op("**") {
            return Ok(base);
        }
        let exponent = self.nest(Self::unary)?;
        Ok(Expr::Binary(
            Box::new(base),
            Binary::Power,
            Box::new(exponent),
        ))
    }

    fn postfix(&mut self) -> Result<Expr, Halt> {
        let mut value = self.atom()?;
        for _ in 0..LONGEST_CHAIN {
            if self.eat_op(".") {
                value = Expr::Attribute(Box::new(value), self.name()?);
            } else if self.eat_op("(") {
                let arguments = self.nest(Self::arguments)?;
                value = Expr::Call(Box::new(value), arguments);
            } else if self.eat_op("[") {
                value = self.nest(|parser| parser.subscript(value))?;
            } else {
                return Ok(value);
            }
        }
        Err(Halt::unsupported("expressions as long as this"))
    }

    fn subscript(&mut self, value: Expr) -> Result<Expr, Halt> {
        let mut parts: [Option<Box<Expr>>; 3] = [None, None, None];
        let mut colons = 0;
        for part in &mut parts {
            if !self.is_op(":") && !self.is_op("]") {
                *part = Some(Box::new(self.expressions()?));
            }
            if !self.eat_op(":") {
                break;
            }
            colons += 1;
        }
        self.need_op("]")?;
        if colons > 0 {
            return Ok(Expr::Slice(Box::new(value), parts));
        }
        let [Some(index), _, _] = parts else {
            return Err(Halt::syntax("an index is missing"));
        };
        Ok(Expr::Index(Box::new(value), index))
    }

    fn atom(&mut self) -> Result<Expr, Halt> {
        match self.next() {
            Token::Int(number) => Ok(Expr::Int(number)),
            Token::Float(number) => Ok(Expr::Float(number)),
            Token::Text(text) if matches!(self.peek(), Token::Joined(_)) => {
                let mut pieces = vec![Piece::Text(text.to_string())];
                self.more_text(&mut pieces)?;
                Ok(Expr::Joined(pieces))
            }
            Token::Text(text) => Ok(Expr::Text(text)),
            Token::Joined(text) => {
                let mut pieces = joined(&text, self.depth + 1)?;
                self.more_text(&mut pieces)?;
                Ok(Expr::Joined(pieces))
            }
            Token::Name(word) => Ok(match &*word {
                "None" => Expr::None,
                "True" => Expr::Bool(true),
                "False" => Expr::Bool(false),
                "await" => return Err(Halt::unsupported("await")),
                "if" | "else" | "for" | "in" | "and" | "or" | "is" | "import" | "return"
                | "while" | "def" | "class" | "elif" | "except" | "as" => {
                    return Err(Halt::Syntax(format!("{word} stands where a value should")));
                }
                _ => Expr::Name(word),
            }),
            Token::Op("...") => Ok(Expr::Name("Ellipsis".into())),
            Token::Op("(") => self.nest(Self::bracketed),
            Token::Op("[") => self.nest(Self::list),
            Token::Op("{") => self.nest(Self::braced),
            _ => Err(Halt::syntax("a value is missing")),
        }
    }

    /// Texts next to each other are one.
    fn more_text(&mut self, pieces: &mut Vec<Piece>) -> Result<(), Halt> {
        loop {
            match self.peek().clone() {
                Token::Joined(more) => pieces.extend(joined(&more, self.depth + 1)?),
                Token::Text(more) => pieces.push(Piece::Text(more.to_string())),
                _ => return Ok(()),
            }
            self.next();
        }
    }

    fn bracketed(&mut self) -> Result<Expr, Halt> {
        if self.eat_op(")") {
            return Ok(Expr::Tuple(Vec::new()));
        }
        let mut value = self.expressions()?;
        if self.is_word("for") {
            value = self.comprehension(Gather::Generator, value, None)?;
        }
        self.need_op(")")?;
        Ok(value)
    }

    fn list(&mut self) -> Result<Expr, Halt> {
        if self.eat_op("]") {
            return Ok(Expr::List(Vec::new()));
        }
        let first = self.starred()?;
        if self.is_word("for") {
            let list = self.comprehension(Gather::List, first, None)?;
            self.need_op("]")?;
            return Ok(list);
        }
        let mut items = vec![first];
        while self.eat_op(",") && !self.is_op("]") {
            items.push(self.starred()?);
        }
        self.need_op("]")?;
        Ok(Expr::List(items))
    }

    fn braced(&mut self) -> Result<Expr, Halt> {
        let (mut entries, mut items) = (Vec::new(), Vec::new());
        while !self.is_op("}") {
            if self.eat_op("**") {
                entries.push((None, self.expression()?));
            } else {
                let first = self.starred()?;
                let value = if self.eat_op(":") {
                    Some(self.expression()?)
                } else {
                    None
                };
                if self.is_word("for") {
                    let gather = if value.is_some() {
                        Gather::Dict
                    } else {
                        Gather::Set
                    };
                    let gathered = self.comprehension(gather, first, value)?;
                    self.need_op("}")?;
                    return Ok(gathered);
                }
                match value {
                    Some(value) => entries.push((Some(first), value)),
                    None => items.push(first),
                }
            }
            if !self.eat_op(",") {
                break;
            }
        }
        self.need_op("}")?;
        match (entries.is_empty(), items.is_empty()) {
            (_, true) => Ok(Expr::Dict(entries)),
            (true, false) => Ok(Expr::Set(items)),
            (false, false) => Err(Halt::syntax("neither a set nor a dict")),
        }
    }
}
