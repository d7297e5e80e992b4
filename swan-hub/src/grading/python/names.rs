//! The names that are always there.

pub(super) const KNOWN: [&str; 34] = [
    "abs",
    "all",
    "any",
    "bin",
    "bool",
    "chr",
    "dict",
    "divmod",
    "enumerate",
    "filter",
    "float",
    "frozenset",
    "int",
    "isinstance",
    "iter",
    "len",
    "list",
    "map",
    "max",
    "min",
    "next",
    "object",
    "ord",
    "pow",
    "print",
    "range",
    "repr",
    "reversed",
    "round",
    "set",
    "sorted",
    "str",
    "sum",
    "tuple",
];

/// Names that Python has and this has not.
pub(super) fn is_elsewhere(name: &str) -> bool {
    const NAMES: [&str; 45] = [
        "Ellipsis",
        "NotImplemented",
        "aiter",
        "anext",
        "ascii",
        "breakpoint",
        "bytearray",
        "bytes",
        "classmethod",
        "compile",
        "complex",
        "delattr",
        "dir",
        "eval",
        "exec",
        "format",
        "getattr",
        "globals",
        "hasattr",
        "hash",
        "help",
        "id",
        "input",
        "issubclass",
        "locals",
        "memoryview",
        "oct",
        "open",
        "property",
        "setattr",
        "slice",
        "staticmethod",
        "super",
        "vars",
        "__import__",
        "__doc__",
        "__file__",
        "EOFError",
        "OSError",
        "IOError",
        "FileNotFoundError",
        "UnicodeError",
        "MemoryError",
        "TimeoutError",
        "FloatingPointError",
    ];
    NAMES.contains(&name) || name.ends_with("Warning")
}

/// The keywords that a function takes here; others are unknown rather than ignored.
pub(super) fn keywords(name: &str) -> &'static [&'static str] {
    match name {
        "print" | "dict" | "collections.Counter" | "collections.OrderedDict" => &[""],
        "sum" | "enumerate" => &["start"],
        "min" | "max" => &["key", "default"],
        "sorted" => &["key", "reverse"],
        "int" => &["base"],
        "itertools.groupby" => &["key"],
        _ => &[],
    }
}

pub(super) fn is_known(name: &str) -> bool {
    KNOWN.contains(&name) || matches!(name, "zip" | "callable" | "hex" | "type")
}
