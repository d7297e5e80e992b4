//! The names that are a function's own.

use std::collections::BTreeSet;

use super::ast::{Block, Expr, Name, Statement};

/// The names that a body gives a value, except for those that it declares to belong elsewhere.
pub(super) fn given(body: &Block) -> BTreeSet<Name> {
    let mut names = BTreeSet::new();
    block(body, &mut names);
    names
}

fn block(body: &Block, names: &mut BTreeSet<Name>) {
    for statement in body {
        within(statement, names);
    }
}

fn within(statement: &Statement, names: &mut BTreeSet<Name>) {
    match statement {
        Statement::Assign(targets, _) => targets.iter().for_each(|to| target(to, names)),
        Statement::Augment(to, ..) => target(to, names),
        Statement::If(arms, otherwise) => {
            arms.iter().for_each(|(_, body)| block(body, names));
            block(otherwise, names);
        }
        Statement::While(_, body, otherwise) => {
            block(body, names);
            block(otherwise, names);
        }
        Statement::For {
            target: to,
            body,
            otherwise,
            ..
        } => {
            target(to, names);
            block(body, names);
            block(otherwise, names);
        }
        Statement::Try {
            body,
            handlers,
            otherwise,
            last,
        } => {
            for handler in handlers {
                names.extend(handler.name.clone());
                block(&handler.body, names);
            }
            block(body, names);
            block(otherwise, names);
            block(last, names);
        }
        Statement::Def(function) => {
            names.insert(function.name.clone());
        }
        Statement::Import(_, local) => {
            names.insert(local.clone());
        }
        Statement::From(_, members) => {
            names.extend(members.iter().map(|(_, local)| local.clone()));
        }
        Statement::Delete(targets) => targets.iter().for_each(|from| target(from, names)),
        _ => {}
    }
}

fn target(to: &Expr, names: &mut BTreeSet<Name>) {
    match to {
        Expr::Name(name) => {
            names.insert(name.clone());
        }
        Expr::Tuple(targets) | Expr::List(targets) => {
            targets.iter().for_each(|to| target(to, names));
        }
        Expr::Starred(inner) => target(inner, names),
        _ => {}
    }
}
