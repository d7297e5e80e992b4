//! Attacks on the three bounds. Each says how it must end; none may take longer than its steps are worth.

use std::time::Instant;

use super::super::python::{Halt, Program};
use super::super::{LIMITS, STACK};

fn attack(source: &str) -> Result<String, Halt> {
    std::thread::scope(|scope| {
        let run = || {
            Program::read(source)
                .and_then(|program| program.shown("f", 3, LIMITS))
                .map(|(shown, _)| shown)
        };
        let thread = std::thread::Builder::new().stack_size(STACK);
        thread.spawn_scoped(scope, run).unwrap().join().unwrap()
    })
}

/// Programs that use much of one thing, by what must stop them.
#[expect(clippy::too_many_lines, reason = "a table")]
fn table() -> Vec<(&'static str, &'static str)> {
    vec![
        ("limit", "def f(n): return 'a' * 10 ** 9"),
        ("limit", "def f(n): return [[[]] * 10 ** 4] * 10 ** 8"),
        ("limit", "def f(n): return [[] for _ in range(10 ** 8)]"),
        ("limit", "def f(n):\n    s = 'ab'\n    while True: s += s"),
        (
            "limit",
            "def f(n):\n    s = 'ab'\n    while True: s = s + 'c' * 1000",
        ),
        (
            "limit",
            "def f(n):\n    d = {}\n    i = 0\n    while True:\n        d[i] = d\n        i += 1",
        ),
        (
            "limit",
            "def f(n):\n    s = set()\n    while True: s.add((len(s), 'x'))",
        ),
        (
            "limit",
            "def f(n):\n    d = {}\n    while True:\n        d['a'] = 1\n        del d['a']",
        ),
        ("raised", "def f(n): return f(n)"),
        (
            "limit",
            "def f(n):\n    while True:\n        try: f(n)\n        except Exception: pass",
        ),
        ("raised", "def f(n):\n    g = lambda: g()\n    return g()"),
        ("limit", "def f(n): return list(range(10 ** 18))"),
        (
            "limit",
            "def f(n): return list(range(10 ** 18)[5:10 ** 17])",
        ),
        (
            "fine",
            "def f(n): return 10 ** 17 in range(10 ** 18), -1 in range(10 ** 18)",
        ),
        ("limit", "def f(n): return 'x' in range(10 ** 18)"),
        ("limit", "def f(n): return f'{1:>1000000000}'"),
        ("limit", "def f(n): return f'{n:{10 ** 9}}'"),
        ("limit", "def f(n): return 'a'.zfill(10 ** 9)"),
        ("limit", "def f(n): return 'a'.center(10 ** 9, 'é')"),
        ("unknown", "def f(n): return pow(3, 10 ** 9)"),
        ("unknown", "def f(n): return 1 << 10 ** 9"),
        ("unknown", "def f(n):\n    x = 3\n    while True: x *= x"),
        (
            "limit",
            "def f(n): return ('a' * 10 ** 4).join(['a' * 10 ** 4] * 10 ** 4)",
        ),
        (
            "limit",
            "def f(n): return ('a' * 10 ** 6).replace('a', 'b' * 10 ** 6)",
        ),
        (
            "limit",
            "def f(n): return ('a' * 10 ** 6).replace('', 'b' * 10 ** 6)",
        ),
        (
            "limit",
            "def f(n): return ('a' * 10 ** 6).strip('b' * 10 ** 6 + 'a')",
        ),
        (
            "limit",
            "def f(n):\n    s = 'a' * 10 ** 6\n    while True:\n        if s: pass",
        ),
        (
            "limit",
            "def f(n):\n    s, t = 'a' * 10 ** 6, 'a' * 10 ** 6\n    while s == t: pass",
        ),
        (
            "limit",
            "def f(n):\n    s, t = 'a' * 10 ** 6, 'a' * 10 ** 6 + 'b'\n    while s < t: pass",
        ),
        (
            "limit",
            "def f(n):\n    s = 'a' * 10 ** 6\n    while True: s.count('b')",
        ),
        (
            "limit",
            "def f(n):\n    s = 'a' * 10 ** 6\n    while 'b' not in s: pass",
        ),
        (
            "limit",
            "def f(n):\n    s = 'a' * 10 ** 6\n    while len(s): pass",
        ),
        (
            "limit",
            "def f(n):\n    s = '9' * 10 ** 6\n    while True:\n        try: int(s + 'x')\n        except ValueError: pass",
        ),
        (
            "limit",
            "def f(n):\n    s = 'x' * 10 ** 6\n    while True:\n        try: float(s)\n        except ValueError: pass",
        ),
        (
            "limit",
            "def f(n):\n    s = 'a' * 10 ** 6\n    d = {s: 1}\n    while d[s]: pass",
        ),
        (
            "limit",
            "def f(n):\n    s = 'a' * 10 ** 6\n    while True:\n        try: raise ValueError(s)\n        except ValueError as e: pass",
        ),
        (
            "limit",
            "def f(n):\n    a = [0] * 10 ** 5\n    while True:\n        try: a()\n        except TypeError: pass",
        ),
        (
            "limit",
            "def f(n):\n    t = (int,) * 10 ** 5\n    while isinstance(1, t): pass",
        ),
        (
            "limit",
            "def f(n):\n    t = ('b',) * 10 ** 5\n    while not 'a'.startswith(t): pass",
        ),
        (
            "limit",
            "def f(n):\n    a, b = [0] * 10 ** 5, [0] * 10 ** 5\n    while a == b: pass",
        ),
        (
            "limit",
            "def f(n):\n    a, b = {i: 0 for i in range(10 ** 4)}, {i + 1: 0 for i in range(10 ** 4)}\n    while a != b: pass",
        ),
        (
            "limit",
            "def f(n):\n    a = list(range(10 ** 5))\n    while True: a.insert(0, a.pop())",
        ),
        (
            "limit",
            "def f(n):\n    a = list(range(10 ** 5))\n    while True: a[0:0] = [1]",
        ),
        (
            "limit",
            "def f(n): return sorted([[0] * 1000 for _ in range(1000)], key=lambda x: x * 1000)",
        ),
        (
            "limit",
            "def f(n):\n    a = [0] * 10 ** 4\n    return sorted([a[:] + [i] for i in range(1000)])",
        ),
        ("raised", "def f(n): return sorted([1, 'a'] * 1000)"),
        (
            "unknown",
            "def f(n):\n    a = []\n    a.append(a)\n    return str(a)",
        ),
        (
            "unknown",
            "def f(n):\n    a, b = [], []\n    a.append(a)\n    b.append(b)\n    return a == b",
        ),
        (
            "unknown",
            "def f(n):\n    a, b = [], []\n    for i in range(2 * 10 ** 4): a, b = [a], [b]\n    return a == b",
        ),
        (
            "unknown",
            "def f(n):\n    a = ()\n    for i in range(10 ** 4): a = (a,)\n    return {a: 1}",
        ),
        (
            "limit",
            "def f(n):\n    a = [1]\n    for x in a: a.append(x)",
        ),
        (
            "unknown",
            "def f(n):\n    def g():\n        while True: yield 1\n    return list(g())",
        ),
        (
            "limit",
            "def f(n):\n    def g():\n        while True: pass\n        yield 1\n    return list(g())",
        ),
        (
            "limit",
            "def f(n):\n    def g():\n        while True: yield 1\n    while True: next(g())",
        ),
        (
            "limit",
            "def f(n): return [(a, b, c) for a in range(10 ** 3) for b in range(10 ** 3) for c in range(10 ** 3)]",
        ),
        ("limit", "def f(n): return '%s' % ('a' * 10 ** 9)"),
        (
            "limit",
            "def f(n): return str([['a' * 10 ** 5] * 10 ** 3] * 10 ** 3)",
        ),
        ("limit", "def f(n): return ('a ' * 10 ** 6).split()"),
        (
            "limit",
            "def f(n):\n    for i in range(10 ** 9):\n        try: [][0]\n        except IndexError: continue",
        ),
        // Numbers and texts that were chosen to meet in a hash table have nothing to meet in: tables are search trees.
        (
            "limit",
            "def f(n): return len({i * (2 ** 61 - 1): i for i in range(10 ** 7)})",
        ),
    ]
}

/// Source that is deep, long or both.
fn deep() -> Vec<String> {
    vec![
        format!(
            "def f(n): return {}1{}",
            "(".repeat(10_000),
            ")".repeat(10_000)
        ),
        format!(
            "def f(n): return {}{}",
            "[".repeat(10_000),
            "]".repeat(10_000)
        ),
        format!(
            "def f(n): return {}1{}",
            "{1:".repeat(5_000),
            "}".repeat(5_000)
        ),
        format!("def f(n): return {}n", "-".repeat(20_000)),
        format!("def f(n): return {}n", "lambda: ".repeat(4_000)),
        format!("def f(n): return {}n", "n if n else ".repeat(2_000)),
        format!("def f(n): return n{}", "[0]".repeat(10_000)),
        format!("def f(n): return n{}", "()".repeat(10_000)),
        format!("def f(n): return n{}", "**n".repeat(10_000)),
        format!("def f(n): return {}", "9".repeat(30_000)),
        format!(
            "def f(n): return (lambda: {}n{})()",
            "(lambda: ".repeat(1_000),
            ")()".repeat(1_000)
        ),
        format!("def f(n): return 1{}", " + 1".repeat(8_000)),
    ]
}

#[test]
fn each_attack_ends_by_the_bound_that_it_meets() {
    for (wanted, source) in table() {
        let began = Instant::now();
        let result = attack(source);
        let ended = match &result {
            Ok(_) => "fine",
            Err(Halt::Limit(_)) => "limit",
            Err(Halt::Raised(..)) => "raised",
            Err(Halt::Unsupported(_)) => "unknown",
            Err(Halt::Syntax(_)) => "no Python",
        };
        println!("{:6} ms {ended:7} {source:?}", began.elapsed().as_millis());
        let shown = result.map(|text| text.chars().take(80).collect::<String>());
        assert_eq!(ended, wanted, "{source}\n{shown:?}");
    }
}

#[test]
fn source_that_is_too_deep_is_beyond_the_grader_not_wrong() {
    for source in deep() {
        let shown: String = source.chars().take(40).collect();
        let result = attack(&source);
        assert!(
            matches!(result, Err(Halt::Unsupported(_))),
            "{shown} {result:?}"
        );
    }
}
