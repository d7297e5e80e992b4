//! The few modules that there are, and the exceptions.

use super::halt::Halt;
use super::machine::Machine;
use super::value::{Object, Value};

const EXCEPTIONS: [&str; 18] = [
    "Exception",
    "BaseException",
    "ValueError",
    "TypeError",
    "KeyError",
    "IndexError",
    "ZeroDivisionError",
    "RuntimeError",
    "LookupError",
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "UnboundLocalError",
    "NameError",
    "RecursionError",
    "OverflowError",
    "NotImplementedError",
    "StopIteration",
];

/// The exception of this name.
pub(super) fn exception(name: &str) -> Option<&'static str> {
    EXCEPTIONS.into_iter().find(|known| *known == name)
}

/// A module as a whole; its members are looked at when they are used.
pub(super) fn whole(machine: &mut Machine, module: &str) -> Result<Value, Halt> {
    match module {
        "math" | "collections" | "itertools" | "functools" | "string" | "typing" => {
            machine.builtin(&format!("module {module}"))
        }
        _ => Err(Halt::Unsupported(format!("the module {module}"))),
    }
}

/// One member of a module.
pub(super) fn member(machine: &mut Machine, module: &str, name: &str) -> Result<Value, Halt> {
    match (module, name) {
        ("typing" | "collections.abc" | "__future__", _) => machine.builtin("type"),
        ("math", "inf") => Ok(Value::Float(f64::INFINITY)),
        ("math", "nan") => Ok(Value::Float(f64::NAN)),
        ("math", "e") => Ok(Value::Float(std::f64::consts::E)),
        ("math", "pi") => Ok(Value::Float(std::f64::consts::PI)),
        ("math", "floor" | "ceil" | "sqrt" | "isqrt" | "gcd" | "prod" | "fabs" | "trunc")
        | ("collections", "Counter" | "defaultdict" | "OrderedDict" | "deque")
        | (
            "itertools",
            "groupby" | "combinations" | "accumulate" | "chain" | "product" | "islice",
        )
        | ("functools", "reduce") => machine.builtin(&format!("{module}.{name}")),
        ("string", "ascii_lowercase") => machine.text("abcdefghijklmnopqrstuvwxyz"),
        ("string", "ascii_uppercase") => machine.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        ("string", "ascii_letters") => {
            machine.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
        }
        ("string", "digits") => machine.text("0123456789"),
        ("string", "punctuation") => machine.text("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
        _ => Err(Halt::Unsupported(format!("{module}.{name}"))),
    }
}

/// The member that an attribute of a module names.
pub(super) fn attribute(machine: &mut Machine, base: Value, name: &str) -> Result<Value, Halt> {
    let module = match machine.object(base) {
        Some(Object::Builtin(module)) => module.strip_prefix("module ").map(str::to_owned),
        _ => None,
    };
    match module {
        Some(module) => member(machine, &module, name),
        None => Err(Halt::Unsupported(format!("the attribute {name}"))),
    }
}
