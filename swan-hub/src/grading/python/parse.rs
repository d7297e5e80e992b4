//! From tokens to statements. Nothing nests deeper than [`DEEPEST`], so that neither reading nor dropping a program can use up
//! the stack.

use std::rc::Rc;

use super::ast::{Argument, Block, Function, Handler, Name, Parameter, Statement};
use super::ast::{Clause, Comprehension, Expr, Gather};
use super::halt::Halt;
use super::lex::{Token, tokens};
use super::locals;

/// How deeply expressions and blocks may nest, and how long a chain such as `a + b + c` may be.
const DEEPEST: usize = 90;

/// The program that `source` is.
pub(super) fn program(source: &str) -> Result<Block, Halt> {
    let mut parser = Parser::new(tokens(source)?);
    let mut block = Block::new();
    while parser.peek() != &Token::End {
        parser.statement_into(&mut block)?;
    }
    Ok(block)
}

/// The expression that the inside of an f-string's braces is.
pub(super) fn embedded(source: &str, depth: usize) -> Result<Expr, Halt> {
    let mut parser = Parser::new(tokens(&format!("({source}\n)"))?);
    parser.depth = depth;
    parser.expressions()
}

pub(super) struct Parser {
    tokens: Vec<Token>,
    at: usize,
    pub(super) depth: usize,
    has_yield: bool,
}

impl Parser {
    const fn new(tokens: Vec<Token>) -> Self {
        Self {
            tokens,
            at: 0,
            depth: 0,
            has_yield: false,
        }
    }

    pub(super) fn peek(&self) -> &Token {
        self.tokens.get(self.at).unwrap_or(&Token::End)
    }

    pub(super) fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    pub(super) fn is_op(&self, op: &str) -> bool {
        matches!(self.peek(), Token::Op(next) if *next == op)
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Name(next) if &**next == word)
    }

    pub(super) fn is_word_after(&self, word: &str) -> bool {
        matches!(self.tokens.get(self.at + 1), Some(Token::Name(next)) if &**next == word)
    }

    pub(super) fn is_line_end_after(&self) -> bool {
        matches!(
            self.tokens.get(self.at + 1),
            None | Some(Token::Newline | Token::End | Token::Op(";"))
        )
    }

    pub(super) fn is_op_after(&self, op: &str) -> bool {
        matches!(self.tokens.get(self.at + 1), Some(Token::Op(next)) if *next == op)
    }

    pub(super) fn eat_op(&mut self, op: &str) -> bool {
        let is_next = self.is_op(op);
        self.at += usize::from(is_next);
        is_next
    }

    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let is_next = self.is_word(word);
        self.at += usize::from(is_next);
        is_next
    }

    pub(super) fn need_op(&mut self, op: &str) -> Result<(), Halt> {
        if self.eat_op(op) {
            Ok(())
        } else {
            Err(Halt::Syntax(format!("{op} is missing")))
        }
    }

    pub(super) fn name(&mut self) -> Result<Name, Halt> {
        match self.next() {
            Token::Name(name) => Ok(name),
            _ => Err(Halt::syntax("a name is missing")),
        }
    }

    pub(super) fn yields(&mut self) {
        self.has_yield = true;
    }

    pub(super) fn nest<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Halt>,
    ) -> Result<T, Halt> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Halt::unsupported("nesting as deep as this"));
        }
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn block(&mut self) -> Result<Block, Halt> {
        self.need_op(":")?;
        let mut block = Block::new();
        if self.peek() != &Token::Newline {
            self.simple_line(&mut block)?;
            return Ok(block);
        }
        self.next();
        if self.next() != Token::Indent {
            return Err(Halt::syntax("expected an indented block"));
        }
        while self.peek() != &Token::Dedent {
            if self.peek() == &Token::End {
                return Err(Halt::syntax("a block without an end"));
            }
            self.nest(|parser| parser.statement_into(&mut block))?;
        }
        self.next();
        Ok(block)
    }

    fn statement_into(&mut self, block: &mut Block) -> Result<(), Halt> {
        if self.peek() == &Token::Newline {
            self.next();
            return Ok(());
        }
        let word = match self.peek() {
            Token::Name(word) => Rc::clone(word),
            Token::Op("@") => return Err(Halt::unsupported("decorators")),
            _ => return self.simple_line(block),
        };
        let statement = match &*word {
            "def" => self.def()?,
            "if" => self.branches()?,
            "while" => {
                self.next();
                let test = self.walrus()?;
                Statement::While(test, self.block()?, self.otherwise()?)
            }
            "for" => {
                self.next();
                let target = self.targets()?;
                if !self.eat_word("in") {
                    return Err(Halt::syntax("in is missing"));
                }
                let iterable = self.expressions()?;
                let body = self.block()?;
                Statement::For {
                    target,
                    iterable,
                    body,
                    otherwise: self.otherwise()?,
                }
            }
            "try" => self.attempt()?,
            "class" | "with" | "async" => return Err(Halt::unsupported(&*word)),
            _ => return self.simple_line(block),
        };
        block.push(statement);
        Ok(())
    }

    fn def(&mut self) -> Result<Statement, Halt> {
        self.next();
        let name = self.name()?;
        self.need_op("(")?;
        let parameters = self.parameters(")", true)?;
        self.need_op(")")?;
        if self.eat_op("->") {
            self.expression()?;
        }
        let outer = std::mem::replace(&mut self.has_yield, false);
        let body = self.block()?;
        let is_generator = std::mem::replace(&mut self.has_yield, outer);
        Ok(Statement::Def(Rc::new(Function {
            name,
            parameters,
            locals: locals::given(&body),
            body,
            is_generator,
        })))
    }

    pub(super) fn parameters(&mut self, end: &str, typed: bool) -> Result<Vec<Parameter>, Halt> {
        let mut parameters = Vec::new();
        while !self.is_op(end) {
            let stars = if self.eat_op("**") {
                2
            } else {
                u8::from(self.eat_op("*"))
            };
            let is_mark = (stars == 1 && (self.is_op(",") || self.is_op(end))) || self.eat_op("/");
            if !is_mark {
                let name = self.name()?;
                if typed && self.eat_op(":") {
                    self.expression()?;
                }
                if parameters
                    .iter()
                    .any(|known: &Parameter| known.name == name)
                {
                    return Err(Halt::syntax("a parameter comes twice"));
                }
                let default = if self.eat_op("=") {
                    Some(self.expression()?)
                } else {
                    None
                };
                parameters.push(Parameter {
                    name,
                    default,
                    stars,
                });
            }
            if !self.eat_op(",") {
                break;
            }
        }
        Ok(parameters)
    }

    fn branches(&mut self) -> Result<Statement, Halt> {
        let mut arms = Vec::new();
        while self.eat_word(if arms.is_empty() { "if" } else { "elif" }) {
            let test = self.walrus()?;
            arms.push((test, self.block()?));
        }
        Ok(Statement::If(arms, self.otherwise()?))
    }

    fn otherwise(&mut self) -> Result<Block, Halt> {
        if self.eat_word("else") {
            self.block()
        } else {
            Ok(Block::new())
        }
    }

    fn attempt(&mut self) -> Result<Statement, Halt> {
        self.next();
        let body = self.block()?;
        let mut handlers = Vec::new();
        while self.eat_word("except") {
            let kinds = if self.is_op(":") {
                None
            } else {
                Some(self.expressions()?)
            };
            let name = if self.eat_word("as") {
                Some(self.name()?)
            } else {
                None
            };
            handlers.push(Handler {
                kinds,
                name,
                body: self.block()?,
            });
        }
        let otherwise = self.otherwise()?;
        let last = if self.eat_word("finally") {
            self.block()?
        } else {
            Block::new()
        };
        Ok(Statement::Try {
            body,
            handlers,
            otherwise,
            last,
        })
    }

    fn simple_line(&mut self, block: &mut Block) -> Result<(), Halt> {
        loop {
            let statement = self.simple()?;
            block.push(statement);
            if !self.eat_op(";") || self.peek() == &Token::Newline {
                break;
            }
        }
        match self.next() {
            Token::Newline => Ok(()),
            _ => Err(Halt::syntax("something is left over in a line")),
        }
    }

    /// The clauses after the element of a comprehension.
    pub(super) fn comprehension(
        &mut self,
        gather: Gather,
        element: Expr,
        value: Option<Expr>,
    ) -> Result<Expr, Halt> {
        let mut clauses = Vec::new();
        while self.eat_word("for") {
            let target = self.targets()?;
            if !self.eat_word("in") {
                return Err(Halt::syntax("in is missing"));
            }
            let iterable = self.disjunction()?;
            let mut conditions = Vec::new();
            while self.eat_word("if") {
                conditions.push(self.disjunction()?);
            }
            clauses.push(Clause {
                target,
                iterable,
                conditions,
            });
        }
        Ok(Expr::Comprehension(Rc::new(Comprehension {
            gather,
            element,
            value,
            clauses,
        })))
    }

    pub(super) fn arguments(&mut self) -> Result<Vec<Argument>, Halt> {
        let mut arguments = Vec::new();
        while !self.is_op(")") {
            let stars = if self.eat_op("**") {
                2
            } else {
                u8::from(self.eat_op("*"))
            };
            let is_named =
                stars == 0 && matches!(self.peek(), Token::Name(_)) && self.is_op_after("=");
            let name = if is_named { Some(self.name()?) } else { None };
            if is_named {
                self.need_op("=")?;
            }
            let mut value = self.walrus()?;
            if self.is_word("for") {
                value = self.comprehension(Gather::Generator, value, None)?;
            }
            arguments.push(Argument { name, stars, value });
            if !self.eat_op(",") {
                break;
            }
        }
        self.need_op(")")?;
        Ok(arguments)
    }
}
