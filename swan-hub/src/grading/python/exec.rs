//! Statements.

use std::rc::Rc;

use super::ast::{Block, Expr, Handler, Name, Statement};
use super::halt::Halt;
use super::machine::{Machine, OUTERMOST};
use super::modules;
use super::value::{Object, Value};

/// How a block ends.
pub(super) enum Flow {
    On,
    Break,
    Continue,
    Return(Value),
}

impl Machine {
    pub(super) fn block(&mut self, block: &Block, scope: usize) -> Result<Flow, Halt> {
        for statement in block {
            match self.nested(|machine| machine.statement(statement, scope))? {
                Flow::On => {}
                flow => return Ok(flow),
            }
        }
        Ok(Flow::On)
    }

    fn statement(&mut self, statement: &Statement, scope: usize) -> Result<Flow, Halt> {
        self.step()?;
        match statement {
            Statement::Expr(value) => {
                self.eval(value, scope)?;
            }
            Statement::Assign(targets, value) => {
                let value = self.eval(value, scope)?;
                for target in targets {
                    self.assign(target, value, scope)?;
                }
            }
            Statement::Augment(target, operator, value) => {
                self.augment(target, *operator, value, scope)?;
            }
            Statement::If(arms, otherwise) => {
                for (test, body) in arms {
                    if self.test(test, scope)? {
                        return self.block(body, scope);
                    }
                }
                return self.block(otherwise, scope);
            }
            Statement::While(test, body, otherwise) => {
                while self.test(test, scope)? {
                    self.step()?;
                    match self.block(body, scope)? {
                        Flow::On | Flow::Continue => {}
                        Flow::Break => return Ok(Flow::On),
                        flow @ Flow::Return(_) => return Ok(flow),
                    }
                }
                return self.block(otherwise, scope);
            }
            Statement::For {
                target,
                iterable,
                body,
                otherwise,
            } => {
                let iterable = self.eval(iterable, scope)?;
                let mut items = self.walk(iterable)?;
                while let Some(item) = items.next(self)? {
                    self.assign(target, item, scope)?;
                    match self.block(body, scope)? {
                        Flow::On | Flow::Continue => {}
                        Flow::Break => return Ok(Flow::On),
                        flow @ Flow::Return(_) => return Ok(flow),
                    }
                }
                return self.block(otherwise, scope);
            }
            Statement::Def(function) => {
                let value = self.function(function, scope)?;
                self.bind(&function.name, value, scope)?;
            }
            Statement::Return(None) => return Ok(Flow::Return(Value::None)),
            Statement::Return(Some(value)) => return Ok(Flow::Return(self.eval(value, scope)?)),
            Statement::Break => return Ok(Flow::Break),
            Statement::Continue => return Ok(Flow::Continue),
            Statement::Pass => {}
            _ => return self.rarer(statement, scope),
        }
        Ok(Flow::On)
    }

    fn rarer(&mut self, statement: &Statement, scope: usize) -> Result<Flow, Halt> {
        match statement {
            Statement::Import(module, local) => {
                let value = modules::whole(self, module)?;
                self.bind(local, value, scope)?;
            }
            Statement::From(module, names) => {
                for (name, local) in names {
                    let value = modules::member(self, module, name)?;
                    self.bind(local, value, scope)?;
                }
            }
            Statement::Raise(None) => {
                let nothing = || Halt::Raised("RuntimeError", "nothing to raise".to_owned());
                let halt = self.handled.as_ref().map_or(0, Halt::size);
                self.room(halt)?;
                return Err(self.handled.clone().unwrap_or_else(nothing));
            }
            Statement::Raise(Some(raised)) => {
                let raised = self.eval(raised, scope)?;
                return Err(self.raised(raised)?);
            }
            Statement::Try {
                body,
                handlers,
                otherwise,
                last,
            } => {
                let flow = self.attempt(body, handlers, otherwise, scope);
                if matches!(flow, Err(Halt::Limit(_) | Halt::Unsupported(_))) {
                    return flow;
                }
                return match self.block(last, scope)? {
                    Flow::On => flow,
                    ended => Ok(ended),
                };
            }
            Statement::Assert(test) => {
                let is_true = self.test(test, scope)?;
                let failed = || Halt::Raised("AssertionError", String::new());
                return is_true.then_some(Flow::On).ok_or_else(failed);
            }
            Statement::Delete(targets) => {
                for target in targets {
                    self.delete(target, scope)?;
                }
            }
            Statement::Outer(names, is_outermost) => {
                for name in names {
                    self.room(96)?;
                    let scope = self.scope(scope)?;
                    scope.outer.insert(Rc::clone(name), *is_outermost);
                }
            }
            _ => {}
        }
        Ok(Flow::On)
    }

    fn attempt(
        &mut self,
        body: &Block,
        handlers: &[Handler],
        otherwise: &Block,
        scope: usize,
    ) -> Result<Flow, Halt> {
        let (depth, calls) = (self.depth, self.calls);
        let halt = match self.block(body, scope) {
            Ok(Flow::On) => return self.block(otherwise, scope),
            Err(halt @ Halt::Raised(..)) => halt,
            ended => return ended,
        };
        (self.depth, self.calls) = (depth, calls);
        for handler in handlers {
            let fits = match &handler.kinds {
                None => true,
                Some(kinds) => {
                    let kinds = self.eval(kinds, scope)?;
                    self.catches(kinds, &halt)
                }
            };
            if !fits {
                continue;
            }
            if let (Some(name), Halt::Raised(kind, message)) = (&handler.name, &halt) {
                self.room(message.len())?;
                let value = self.put(Object::Exception(kind, message.as_str().into()))?;
                self.bind(name, value, scope)?;
            }
            let before = self.handled.replace(halt);
            let flow = self.block(&handler.body, scope);
            self.handled = before;
            return flow;
        }
        Err(halt)
    }

    fn catches(&self, kinds: Value, halt: &Halt) -> bool {
        let Halt::Raised(kind, _) = halt else {
            return false;
        };
        let parent = match *kind {
            "KeyError" | "IndexError" => "LookupError",
            "ZeroDivisionError" | "OverflowError" => "ArithmeticError",
            "RecursionError" | "NotImplementedError" => "RuntimeError",
            "UnboundLocalError" => "NameError",
            _ => "",
        };
        let is_kind = |value: Value| match self.object(value) {
            Some(Object::Builtin(name)) => {
                matches!(&**name, "Exception" | "BaseException")
                    || &**name == *kind
                    || &**name == parent
            }
            _ => false,
        };
        match self.object(kinds) {
            Some(Object::Tuple(items)) => items.iter().take(1_000).any(|item| is_kind(*item)),
            _ => is_kind(kinds),
        }
    }

    fn raised(&mut self, raised: Value) -> Result<Halt, Halt> {
        let size = match self.object(raised) {
            Some(Object::Exception(_, message)) => message.len(),
            _ => 0,
        };
        self.room(size)?;
        match self.object(raised) {
            Some(Object::Exception(kind, message)) => Ok(Halt::Raised(kind, message.to_string())),
            Some(Object::Builtin(name)) => match modules::exception(name) {
                Some(kind) => Ok(Halt::Raised(kind, String::new())),
                None => Err(Halt::type_error(
                    "exceptions must derive from BaseException",
                )),
            },
            _ => Err(Halt::type_error(
                "exceptions must derive from BaseException",
            )),
        }
    }

    /// Gives a name a value in its scope.
    pub(super) fn bind(&mut self, name: &Name, value: Value, scope: usize) -> Result<(), Halt> {
        let target = match self
            .scope_ref(scope)
            .and_then(|scope| scope.outer.get(name))
        {
            Some(true) => OUTERMOST,
            Some(false) => self.owner(name, scope),
            None => scope,
        };
        if self
            .scope_ref(target)
            .is_some_and(|scope| !scope.names.contains_key(name))
        {
            self.room(96)?;
        }
        self.changes(target);
        self.scope(target)?.names.insert(Rc::clone(name), value);
        Ok(())
    }

    /// The nearest enclosing scope that has the name.
    fn owner(&self, name: &Name, scope: usize) -> usize {
        let mut next = self.scope_ref(scope).and_then(|scope| scope.parent);
        while let Some(at) = next {
            let Some(found) = self.scope_ref(at) else {
                break;
            };
            if found.names.contains_key(name) {
                return at;
            }
            next = found.parent;
        }
        scope
    }

    pub(super) fn assign(&mut self, target: &Expr, value: Value, scope: usize) -> Result<(), Halt> {
        self.step()?;
        match target {
            Expr::Name(name) => self.bind(name, value, scope),
            Expr::Index(base, index) => {
                let base = self.eval(base, scope)?;
                let index = self.eval(index, scope)?;
                self.set_item(base, index, value)
            }
            Expr::Slice(base, parts) => {
                let base = self.eval(base, scope)?;
                self.set_slice(base, parts, value, scope)
            }
            Expr::Tuple(targets) | Expr::List(targets) => {
                let items = self.items(value)?;
                self.nested(|machine| machine.unpack(targets, &items, scope))
            }
            Expr::Attribute(..) => Err(Halt::unsupported("assigning to an attribute")),
            _ => Err(Halt::syntax("cannot assign to this")),
        }
    }

    fn unpack(&mut self, targets: &[Expr], items: &[Value], scope: usize) -> Result<(), Halt> {
        let star = targets
            .iter()
            .position(|target| matches!(target, Expr::Starred(_)));
        let Some(star) = star else {
            if targets.len() != items.len() {
                return Err(Halt::value_error("wrong number of values to unpack"));
            }
            return targets
                .iter()
                .zip(items)
                .try_for_each(|(target, item)| self.assign(target, *item, scope));
        };
        let after = targets.len() - star - 1;
        let Some(rest) = items.len().checked_sub(star + after) else {
            return Err(Halt::value_error("not enough values to unpack"));
        };
        for (number, target) in targets.iter().enumerate() {
            match target {
                Expr::Starred(inner) => {
                    let taken = items.iter().skip(star).take(rest).copied().collect();
                    let taken = self.list(taken)?;
                    self.assign(inner, taken, scope)?;
                }
                _ => {
                    let at = if number < star {
                        number
                    } else {
                        number + rest - 1
                    };
                    let item = items.get(at).copied().unwrap_or(Value::None);
                    self.assign(target, item, scope)?;
                }
            }
        }
        Ok(())
    }

    fn delete(&mut self, target: &Expr, scope: usize) -> Result<(), Halt> {
        match target {
            Expr::Tuple(targets) => targets
                .iter()
                .try_for_each(|target| self.delete(target, scope)),
            Expr::Name(name) => {
                let missing = || Halt::Raised("NameError", format!("name '{name}' is not defined"));
                let removed = self.scope(scope)?.names.remove(name);
                removed.map(drop).ok_or_else(missing)
            }
            Expr::Index(base, index) => {
                let base = self.eval(base, scope)?;
                let index = self.eval(index, scope)?;
                self.delete_item(base, index)
            }
            _ => Err(Halt::unsupported("deleting this")),
        }
    }
}
