//! Functions, calls and comprehensions.

use std::rc::Rc;

use super::ast::{Argument, Clause, Comprehension, Expr, Function, Gather};
use super::eval::Arguments;
use super::exec::Flow;
use super::halt::Halt;
use super::machine::Machine;
use super::value::{Object, Table, Value};
use super::{builtins, methods};

impl Machine {
    pub(super) fn function(
        &mut self,
        function: &Rc<Function>,
        scope: usize,
    ) -> Result<Value, Halt> {
        let mut defaults = Vec::new();
        for parameter in &function.parameters {
            defaults.push(match &parameter.default {
                Some(default) => Some(self.eval(default, scope)?),
                None => None,
            });
        }
        self.room_for(defaults.len())?;
        self.put(Object::Function {
            function: Rc::clone(function),
            defaults,
            scope,
        })
    }

    pub(super) fn call_here(
        &mut self,
        callee: &Expr,
        given: &[Argument],
        scope: usize,
    ) -> Result<Value, Halt> {
        let callee = self.eval(callee, scope)?;
        let mut arguments = Arguments::default();
        for argument in given {
            let value = self.eval(&argument.value, scope)?;
            match (argument.stars, &argument.name) {
                (0, None) => arguments.plain.push(value),
                (0, Some(name)) => arguments.named.push((Rc::clone(name), value)),
                (1, _) => arguments.plain.extend(self.items(value)?),
                _ => self.spread(value, &mut arguments)?,
            }
        }
        self.call(callee, arguments)
    }

    fn spread(&mut self, dict: Value, arguments: &mut Arguments) -> Result<(), Halt> {
        for name in self.items(dict)? {
            let text = self.text_of(name);
            let text = text.ok_or_else(|| Halt::type_error("keywords must be strings"))?;
            let value = self.item(dict, name)?;
            self.room(text.len())?;
            arguments.named.push((text, value));
        }
        Ok(())
    }

    pub(super) fn call(&mut self, callee: Value, arguments: Arguments) -> Result<Value, Halt> {
        self.step()?;
        match self.object(callee) {
            Some(Object::Function {
                function,
                defaults,
                scope,
            }) => {
                let (function, defaults, scope) = (Rc::clone(function), defaults.clone(), *scope);
                if self.calls >= self.limits.calls {
                    let message = "maximum recursion depth exceeded".to_owned();
                    return Err(Halt::Raised("RecursionError", message));
                }
                self.calls += 1;
                let result =
                    self.nested(|machine| machine.enter(&function, &defaults, scope, arguments));
                self.calls -= 1;
                result
            }
            Some(Object::Builtin(name)) => {
                let name = Rc::clone(name);
                self.nested(|machine| builtins::call(machine, &name, &arguments))
            }
            Some(Object::Method(base, name)) => {
                let (base, name) = (*base, Rc::clone(name));
                self.nested(|machine| methods::call(machine, base, &name, &arguments))
            }
            _ => Err(Halt::type_error("object is not callable")),
        }
    }

    /// Calls with plain arguments.
    pub(super) fn apply(&mut self, callee: Value, plain: Vec<Value>) -> Result<Value, Halt> {
        let named = Vec::new();
        self.call(callee, Arguments { plain, named })
    }

    fn enter(
        &mut self,
        function: &Rc<Function>,
        defaults: &[Option<Value>],
        parent: usize,
        arguments: Arguments,
    ) -> Result<Value, Halt> {
        let scope = self.new_scope(parent)?;
        let Arguments { plain, mut named } = arguments;
        let mut plain = plain.into_iter();
        for (parameter, default) in function.parameters.iter().zip(defaults) {
            let given = named.iter().position(|(name, _)| *name == parameter.name);
            if given.is_some() && parameter.stars == 0 && plain.len() > 0 {
                return Err(Halt::type_error(format!(
                    "multiple values for argument '{}'",
                    parameter.name
                )));
            }
            let value = match parameter.stars {
                1 => {
                    let rest = plain.by_ref().collect();
                    self.tuple(rest)?
                }
                2 => return Err(Halt::unsupported("functions with **keywords")),
                _ => match (given, default) {
                    (Some(at), _) => named.swap_remove(at).1,
                    (None, default) => plain.next().or(*default).ok_or_else(|| {
                        Halt::type_error(format!("missing argument: '{}'", parameter.name))
                    })?,
                },
            };
            self.bind(&parameter.name, value, scope)?;
        }
        if plain.next().is_some() || !named.is_empty() {
            return Err(Halt::type_error("too many arguments"));
        }
        self.scope(scope)?.function = Some(Rc::clone(function));
        if function.is_generator {
            self.scope(scope)?.given = Some(Vec::new());
            let (depth, calls) = (self.depth, self.calls);
            let end = self.at_once(|machine| machine.block(&function.body, scope));
            (self.depth, self.calls) = (depth, calls);
            let given = self.scope(scope)?.given.take().unwrap_or_default();
            return self.ended(given, end.map(drop));
        }
        let flow = self.block(&function.body, scope)?;
        Ok(match flow {
            Flow::Return(value) => value,
            _ => Value::None,
        })
    }

    /// A generator runs to its end at once; one without end uses up its steps.
    pub(super) fn give(
        &mut self,
        value: Option<&Expr>,
        is_from: bool,
        scope: usize,
    ) -> Result<Value, Halt> {
        let value = match value {
            Some(value) => self.eval(value, scope)?,
            None => Value::None,
        };
        let values = if is_from {
            self.items(value)?
        } else {
            vec![value]
        };
        self.room_for(values.len())?;
        let count = match &mut self.scope(scope)?.given {
            Some(given) => {
                given.extend(values);
                given.len()
            }
            None => return Err(Halt::syntax("yield outside of a function")),
        };
        self.may_give(count)?;
        Ok(Value::None)
    }

    pub(super) fn comprehension(
        &mut self,
        wanted: &Rc<Comprehension>,
        scope: usize,
    ) -> Result<Value, Halt> {
        let scope = self.new_scope(scope)?;
        let mut gathered = Vec::new();
        if wanted.gather == Gather::Generator {
            let (depth, calls) = (self.depth, self.calls);
            let end = self
                .at_once(|machine| machine.clause(wanted, &wanted.clauses, scope, &mut gathered));
            (self.depth, self.calls) = (depth, calls);
            return self.ended(gathered.into_iter().map(|(k, _)| k).collect(), end);
        }
        let before = self.doubt;
        self.clause(wanted, &wanted.clauses, scope, &mut gathered)?;
        // A set of what a set gives does not depend on the order.
        if wanted.gather == Gather::Set && wanted.clauses.len() == 1 {
            self.doubt = before;
        }
        match wanted.gather {
            Gather::List | Gather::Generator => {
                self.put(Object::List(gathered.into_iter().map(|(k, _)| k).collect()))
            }
            Gather::Set => self.set(gathered.into_iter().map(|(k, _)| k).collect()),
            Gather::Dict => {
                let dict = self.put(Object::Dict(Table::default()))?;
                for (key, value) in gathered {
                    self.insert(dict, key, value)?;
                }
                Ok(dict)
            }
        }
    }

    fn clause(
        &mut self,
        wanted: &Comprehension,
        clauses: &[Clause],
        scope: usize,
        gathered: &mut Vec<(Value, Value)>,
    ) -> Result<(), Halt> {
        let Some((clause, rest)) = clauses.split_first() else {
            let key = self.eval(&wanted.element, scope)?;
            let value = match &wanted.value {
                Some(value) => self.eval(value, scope)?,
                None => Value::None,
            };
            self.room(64)?;
            gathered.push((key, value));
            if wanted.gather == Gather::Generator {
                self.may_give(gathered.len())?;
            }
            return Ok(());
        };
        let iterable = self.eval(&clause.iterable, scope)?;
        let mut items = self.walk(iterable)?;
        while let Some(item) = items.next(self)? {
            self.assign(&clause.target, item, scope)?;
            let mut is_kept = true;
            for condition in &clause.conditions {
                is_kept = is_kept && self.test(condition, scope)?;
            }
            if is_kept {
                self.nested(|machine| machine.clause(wanted, rest, scope, gathered))?;
            }
        }
        Ok(())
    }
}
