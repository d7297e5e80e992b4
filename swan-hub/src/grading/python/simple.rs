//! Statements of one line.

use std::rc::Rc;

use super::ast::{Binary, Statement};
use super::halt::Halt;
use super::lex::Token;
use super::parse::Parser;

impl Parser {
    fn is_line_end(&self) -> bool {
        self.peek() == &Token::Newline || self.is_op(";")
    }

    pub(super) fn simple(&mut self) -> Result<Statement, Halt> {
        let word = match self.peek() {
            Token::Name(word) => Rc::clone(word),
            Token::Op("...") if self.is_line_end_after() => {
                self.next();
                return Ok(Statement::Pass);
            }
            _ => return self.assignment(),
        };
        match &*word {
            "pass" | "break" | "continue" | "return" | "raise" | "assert" | "del" | "global"
            | "nonlocal" | "import" | "from" => {
                self.next();
            }
            _ => return self.assignment(),
        }
        Ok(match &*word {
            "pass" => Statement::Pass,
            "break" => Statement::Break,
            "continue" => Statement::Continue,
            "return" if self.is_line_end() => Statement::Return(None),
            "return" => Statement::Return(Some(self.expressions()?)),
            "raise" if self.is_line_end() => Statement::Raise(None),
            "raise" => {
                let raised = self.expression()?;
                if self.eat_word("from") {
                    self.expression()?;
                }
                Statement::Raise(Some(raised))
            }
            "assert" => {
                let test = self.expression()?;
                if self.eat_op(",") {
                    self.expression()?;
                }
                Statement::Assert(test)
            }
            "del" => Statement::Delete(vec![self.expressions()?]),
            "global" | "nonlocal" => {
                let mut names = vec![self.name()?];
                while self.eat_op(",") {
                    names.push(self.name()?);
                }
                Statement::Outer(names, &*word == "global")
            }
            "import" => {
                let module = self.name()?;
                if self.is_op(".") || self.is_op(",") {
                    return Err(Halt::unsupported("several or nested modules in one import"));
                }
                let local = if self.eat_word("as") {
                    self.name()?
                } else {
                    Rc::clone(&module)
                };
                Statement::Import(module, local)
            }
            _ => self.from()?,
        })
    }

    fn from(&mut self) -> Result<Statement, Halt> {
        let mut module = self.name()?;
        while self.eat_op(".") {
            module = format!("{module}.{}", self.name()?).into();
        }
        if !self.eat_word("import") {
            return Err(Halt::syntax("import is missing"));
        }
        if self.eat_op("*") {
            return Err(Halt::unsupported("import *"));
        }
        let is_bracketed = self.eat_op("(");
        let mut names = Vec::new();
        loop {
            let name = self.name()?;
            let local = if self.eat_word("as") {
                self.name()?
            } else {
                Rc::clone(&name)
            };
            names.push((name, local));
            if !self.eat_op(",") || self.is_op(")") {
                break;
            }
        }
        if is_bracketed {
            self.need_op(")")?;
        }
        Ok(Statement::From(module, names))
    }

    fn assignment(&mut self) -> Result<Statement, Halt> {
        const AUGMENTED: [(&str, Binary); 12] = [
            ("+=", Binary::Add),
            ("-=", Binary::Subtract),
            ("*=", Binary::Multiply),
            ("/=", Binary::Divide),
            ("//=", Binary::FloorDivide),
            ("%=", Binary::Modulo),
            ("**=", Binary::Power),
            ("&=", Binary::And),
            ("|=", Binary::Or),
            ("^=", Binary::Xor),
            ("<<=", Binary::Left),
            (">>=", Binary::Right),
        ];
        let first = self.expressions()?;
        if self.eat_op(":") {
            // A type says nothing at run time.
            self.expression()?;
            if !self.eat_op("=") {
                return Ok(Statement::Pass);
            }
            return Ok(Statement::Assign(vec![first], self.expressions()?));
        }
        for (text, operator) in AUGMENTED {
            if self.eat_op(text) {
                return Ok(Statement::Augment(first, operator, self.expressions()?));
            }
        }
        let mut chain = vec![first];
        while self.eat_op("=") {
            chain.push(self.expressions()?);
        }
        match (chain.pop(), chain.is_empty()) {
            (Some(value), true) => Ok(Statement::Expr(value)),
            (Some(value), false) => Ok(Statement::Assign(chain, value)),
            (None, _) => Err(Halt::syntax("nothing to assign")),
        }
    }
}
