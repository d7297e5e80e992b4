//! A small Python: the part of the language that short pure functions are written in, bounded by construction.

mod arithmetic;
mod ast;
mod builtins;
mod call;
mod compare;
mod eval;
mod exec;
mod expression;
mod format;
mod fstring;
mod halt;
mod holders;
mod items;
mod itertools;
mod lex;
mod locals;
mod machine;
mod methods;
mod modules;
mod names;
mod numbers;
mod ops;
mod parse;
mod simple;
mod texts;
mod value;
mod walk;

use swan_core::benchmark::{Case, Value as Given};

use ast::{Block, Statement};
use eval::Arguments;
pub(super) use halt::Halt;
pub(super) use machine::Limits;
use machine::{Machine, OUTERMOST};
use value::{Object, Table, Value};

fn has_match(source: &str) -> bool {
    let mut lines = source.lines().map(str::trim);
    lines.any(|line| line.starts_with("match ") && line.ends_with(':'))
}

/// The longest program that is read.
const LONGEST: usize = 32 * 1024;

/// A program that has been read.
pub(super) struct Program {
    block: Block,
}

impl Program {
    /// Reads a program.
    pub(super) fn read(source: &str) -> Result<Self, Halt> {
        match Self::parse(source) {
            // It is no word of its own, so that only what does not read otherwise can be one.
            Err(Halt::Syntax(_)) if has_match(source) => Err(Halt::unsupported("match")),
            read => read,
        }
    }

    fn parse(source: &str) -> Result<Self, Halt> {
        if source.len() > LONGEST {
            return Err(Halt::unsupported("programs of more than 32 KiB"));
        }
        let block = parse::program(source)?;
        Ok(Self { block })
    }

    /// The names of the functions that it defines.
    pub(super) fn functions(&self) -> Vec<&str> {
        let name = |statement: &'_ Statement| match statement {
            Statement::Def(function) => Some(std::rc::Rc::clone(&function.name)),
            _ => None,
        };
        let names: Vec<_> = self.block.iter().filter_map(name).collect();
        self.block
            .iter()
            .filter_map(|statement| match statement {
                Statement::Def(function) if names.contains(&function.name) => Some(&*function.name),
                _ => None,
            })
            .collect()
    }

    /// What `function` gives for one number, as `repr` shows it.
    #[cfg(test)]
    pub(super) fn shown(
        &self,
        function: &str,
        argument: i128,
        limits: Limits,
    ) -> Result<(String, Option<&'static str>), Halt> {
        let mut machine = Machine::new(limits);
        let shown = machine.show(&self.block, function, argument);
        match (shown, machine.doubt) {
            (Ok(shown), None) => Ok((shown, None)),
            (Ok(shown), doubt) => Ok((shown, doubt)),
            (Err(Halt::Raised(..)), Some(doubt)) => Err(Halt::unsupported(doubt)),
            (Err(halt), _) => Err(halt),
        }
    }

    /// Whether `function` gives the result of the case, and what it gave instead.
    ///
    /// Each case has a machine of its own, so nothing that one call leaves behind helps or harms the next.
    pub(super) fn check(&self, function: &str, case: &Case, limits: Limits) -> Result<bool, Halt> {
        let mut machine = Machine::new(limits);
        match machine.block(&self.block, OUTERMOST) {
            // Whatever an example at the end of an answer does, the function is what counts.
            Ok(_) | Err(Halt::Raised(..)) => {}
            Err(halt) if machine.global(function).is_none() => return Err(halt),
            Err(Halt::Unsupported(_)) => {}
            Err(halt) => return Err(halt),
        }
        (machine.depth, machine.calls) = (0, 0);
        let result = machine.result(function, case);
        match (result, machine.doubt) {
            (Ok(false) | Err(Halt::Raised(..)), Some(doubt)) => Err(Halt::unsupported(doubt)),
            (result, _) => result,
        }
    }
}

impl Machine {
    fn result(&mut self, function: &str, case: &Case) -> Result<bool, Halt> {
        let missing = || Halt::Raised("NameError", format!("{function} is not defined"));
        let callee = self.global(function).ok_or_else(missing)?;
        let mut arguments = Arguments::default();
        for argument in &case.arguments {
            arguments.plain.push(self.given(argument)?);
        }
        let result = self.call(callee, arguments)?;
        self.gives(result, &case.result)
    }

    #[cfg(test)]
    fn show(&mut self, block: &Block, function: &str, argument: i128) -> Result<String, Halt> {
        self.block(block, OUTERMOST)?;
        let missing = || Halt::Raised("KeyError", function.to_owned());
        let callee = self.global(function).ok_or_else(missing)?;
        let result = self.apply(callee, vec![Value::Int(argument)])?;
        format::repr(self, result)
    }

    fn given(&mut self, value: &Given) -> Result<Value, Halt> {
        Ok(match value {
            Given::None => Value::None,
            Given::Bool(truth) => Value::Bool(*truth),
            Given::Int(number) => Value::Int((*number).into()),
            Given::Text(text) => self.text(text)?,
            Given::List(items) => {
                let items = items
                    .iter()
                    .map(|item| self.given(item))
                    .collect::<Result<_, _>>()?;
                self.list(items)?
            }
            Given::Map(entries) => {
                let dict = self.put(Object::Dict(Table::default()))?;
                for (key, value) in entries {
                    let (key, value) = (self.given(key)?, self.given(value)?);
                    self.insert(dict, key, value)?;
                }
                dict
            }
        })
    }

    /// Whether a result is the wanted one; a tuple will do for a list.
    fn gives(&mut self, result: Value, wanted: &Given) -> Result<bool, Halt> {
        if let Given::List(wanted) = wanted {
            let items = match self.object(result) {
                Some(Object::List(items) | Object::Tuple(items)) => items.clone(),
                _ => return Ok(false),
            };
            if items.len() != wanted.len() {
                return Ok(false);
            }
            for (item, wanted) in items.into_iter().zip(wanted) {
                if !self.gives(item, wanted)? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        let wanted = self.given(wanted)?;
        self.equal(result, wanted)
    }
}
