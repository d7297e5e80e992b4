//! What a program is made of.

use std::collections::BTreeSet;
use std::rc::Rc;

pub(super) type Name = Rc<str>;
pub(super) type Block = Vec<Statement>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unary {
    Not,
    Minus,
    Plus,
    Invert,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Modulo,
    Power,
    And,
    Or,
    Xor,
    Left,
    Right,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compare {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    NotIn,
    Is,
    IsNot,
}

#[derive(Debug)]
pub(super) enum Expr {
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(Rc<str>),
    Joined(Vec<Piece>),
    Name(Name),
    List(Vec<Expr>),
    Tuple(Vec<Expr>),
    Set(Vec<Expr>),
    /// A missing key spreads the value: `{**value}`.
    Dict(Vec<(Option<Expr>, Expr)>),
    Unary(Unary, Box<Expr>),
    Binary(Box<Expr>, Binary, Box<Expr>),
    All(Vec<Expr>),
    Any(Vec<Expr>),
    Compare(Box<Expr>, Vec<(Compare, Expr)>),
    Choose {
        test: Box<Expr>,
        yes: Box<Expr>,
        no: Box<Expr>,
    },
    Call(Box<Expr>, Vec<Argument>),
    Attribute(Box<Expr>, Name),
    Index(Box<Expr>, Box<Expr>),
    Slice(Box<Expr>, [Option<Box<Expr>>; 3]),
    Lambda(Rc<Function>),
    Comprehension(Rc<Comprehension>),
    Starred(Box<Expr>),
    Walrus(Name, Box<Expr>),
    Yield(Option<Box<Expr>>, bool),
}

#[derive(Debug)]
pub(super) struct Argument {
    pub(super) name: Option<Name>,
    /// 0 for a plain argument, 1 for `*value`, 2 for `**value`.
    pub(super) stars: u8,
    pub(super) value: Expr,
}

#[derive(Debug)]
pub(super) enum Piece {
    Text(String),
    Value {
        value: Expr,
        conversion: Option<char>,
        spec: Vec<Piece>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gather {
    List,
    Set,
    Dict,
    Generator,
}

#[derive(Debug)]
pub(super) struct Comprehension {
    pub(super) gather: Gather,
    pub(super) element: Expr,
    pub(super) value: Option<Expr>,
    pub(super) clauses: Vec<Clause>,
}

#[derive(Debug)]
pub(super) struct Clause {
    pub(super) target: Expr,
    pub(super) iterable: Expr,
    pub(super) conditions: Vec<Expr>,
}

#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: Name,
    pub(super) default: Option<Expr>,
    /// 0 for a plain parameter, 1 for `*rest`, 2 for `**rest`.
    pub(super) stars: u8,
}

#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: Name,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Block,
    pub(super) is_generator: bool,
    /// The names that the body gives a value.
    pub(super) locals: BTreeSet<Name>,
}

#[derive(Debug)]
pub(super) struct Handler {
    pub(super) kinds: Option<Expr>,
    pub(super) name: Option<Name>,
    pub(super) body: Block,
}

#[derive(Debug)]
pub(super) enum Statement {
    Expr(Expr),
    Assign(Vec<Expr>, Expr),
    Augment(Expr, Binary, Expr),
    If(Vec<(Expr, Block)>, Block),
    While(Expr, Block, Block),
    For {
        target: Expr,
        iterable: Expr,
        body: Block,
        otherwise: Block,
    },
    Def(Rc<Function>),
    Return(Option<Expr>),
    Break,
    Continue,
    Pass,
    /// A module, or with names some of what it holds: (name in the module, name here).
    Import(Name, Name),
    From(Name, Vec<(Name, Name)>),
    Raise(Option<Expr>),
    Try {
        body: Block,
        handlers: Vec<Handler>,
        otherwise: Block,
        last: Block,
    },
    Assert(Expr),
    Delete(Vec<Expr>),
    /// Names that belong to the outermost scope (true) or to an enclosing one.
    Outer(Vec<Name>, bool),
}
