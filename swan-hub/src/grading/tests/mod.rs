mod differential;
mod expressions;
mod hostile;

use swan_core::benchmark::{Case, Grade, Grader, Item, ItemKind, ItemSeed, Key, Program, Value};

use super::{AnswerGrader, apart, evaluate};

fn wanted(cases: &[(Value, Value)]) -> Program {
    let item = Item::from_seed(ItemKind::Code, ItemSeed::new(1));
    let Key::Program(mut wanted) = item.key().clone() else {
        panic!("a code item has a program");
    };
    wanted.function = "f".to_owned();
    wanted.cases = cases
        .iter()
        .map(|(argument, result)| Case {
            arguments: vec![argument.clone()],
            result: result.clone(),
        })
        .collect();
    wanted
}

/// What `source` gives for 3, compared with `result`.
fn of_three(source: &str, result: Value) -> Grade {
    let wanted = wanted(&[(Value::Int(3), result)]);
    std::thread::scope(|scope| {
        let run = || evaluate(&wanted, source);
        let thread = std::thread::Builder::new().stack_size(super::STACK);
        thread.spawn_scoped(scope, run).unwrap().join().unwrap()
    })
}

#[test]
fn the_model_solution_of_every_family_is_right() {
    let mut families = std::collections::BTreeSet::new();
    for seed in 0..600 {
        let item = Item::from_seed(ItemKind::Code, ItemSeed::new(seed));
        let Key::Program(wanted) = item.key() else {
            panic!("a code item has a program");
        };
        let answer = format!("Sure!\n\n```python\n{}```\nIt works.", wanted.solution);
        let grade = AnswerGrader.grade(&item, &answer);
        assert_eq!(grade, Grade::Right, "{} {seed}\n{answer}", item.family());
        let broken = format!(
            "```python\ndef {}(x):\n    return 123456\n```",
            wanted.function
        );
        let grade = AnswerGrader.grade(&item, &broken);
        assert!(
            matches!(grade, Grade::Wrong(_)),
            "{} {seed}: {grade:?}",
            item.family()
        );
        families.insert(item.family());
    }
    assert_eq!(families.len(), 15, "{families:?}");
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn programs_as_models_write_them_give_what_python_gives() {
    let int = Value::Int;
    let table: Vec<(&str, Value)> = vec![
        ("def f(n): return n * 2", int(6)),
        ("f = lambda n: -n // 2", int(-2)),
        ("def f(n):\n  return -7 % n", int(2)),
        ("def f(n):\n  return 7 / 7 + n ** 2 + 10 % 4", int(12)),
        (
            "def f(n):\n    \"\"\"doc\"\"\"\n    x, *y = [1, 2, n]\n    return y[-1] + x",
            int(4),
        ),
        (
            "def f(n: int, k: 'int' = 4) -> int:\n    return n if n > k else k",
            int(4),
        ),
        (
            "def f(n):\n    if n < 2: return n\n    return f(n - 1) + f(n - 2)",
            int(2),
        ),
        (
            "def f(n):\n    t = 0\n    while True:\n        t += n\n        if t > 10: break\n    else:\n        t = -1\n    return t",
            int(12),
        ),
        (
            "def f(n):\n    return sum(i * j for i in range(n) for j in range(i) if i != 9)",
            int(2),
        ),
        (
            "def f(n):\n    return sorted([3, 1, 2], key=lambda x: -x)",
            Value::ints(&[3, 2, 1]),
        ),
        (
            "def f(n):\n    return sorted('bca', reverse=True)[0]",
            Value::text("c"),
        ),
        (
            "def f(n):\n    return f'{n:>3}|{n!r}|{n + 1:02d}|{1.5:.2f}|{{}}'",
            Value::text("  3|3|04|1.50|{}"),
        ),
        (
            "def f(n):\n    return '%s-%d' % ('a', n)",
            Value::text("a-3"),
        ),
        (
            "def f(n):\n    return '{}:{:>4}'.format(n, 'x')",
            Value::text("3:   x"),
        ),
        (
            "def f(n):\n    d = {}\n    for c in 'abca':\n        d[c] = d.get(c, 0) + 1\n    return d",
            Value::Map(vec![
                (Value::text("a"), int(2)),
                (Value::text("b"), int(1)),
                (Value::text("c"), int(1)),
            ]),
        ),
        (
            "from collections import Counter\ndef f(n):\n    return Counter('aab')['a'] + n",
            int(5),
        ),
        (
            "from collections import defaultdict\ndef f(n):\n    d = defaultdict(list)\n    d['x'].append(n)\n    return d['x']",
            Value::ints(&[3]),
        ),
        (
            "from itertools import groupby\ndef f(n):\n    return ''.join(k + str(len(list(g))) for k, g in groupby('aab'))",
            Value::text("a2b1"),
        ),
        (
            "import math\ndef f(n):\n    return math.floor(n / 2) + math.gcd(12, 18)",
            int(7),
        ),
        (
            "def f(n):\n    try:\n        return int('x')\n    except ValueError as e:\n        return n\n    finally:\n        pass",
            int(3),
        ),
        (
            "def f(n):\n    try:\n        raise KeyError('a')\n    except (TypeError, LookupError):\n        return 1",
            int(1),
        ),
        (
            "def f(n):\n    def g(k):\n        nonlocal n\n        n += k\n    g(4)\n    return n",
            int(7),
        ),
        (
            "def f(n):\n    def g():\n        for i in range(n):\n            yield i\n    return list(g())",
            Value::ints(&[0, 1, 2]),
        ),
        (
            "def f(n):\n    return [x for x in [[1, 2], [3]] for x in x]",
            Value::ints(&[1, 2, 3]),
        ),
        (
            "def f(n):\n    return 'abcdef'[::-2] + 'abc'[-2:]",
            Value::text("fdbbc"),
        ),
        (
            "def f(n):\n    a = [1, 2, 3, 4]\n    a[1:3] = [9]\n    del a[0]\n    return a",
            Value::ints(&[9, 4]),
        ),
        (
            "def f(n):\n    return (n, True, None)",
            Value::List(vec![int(3), Value::Bool(true), Value::None]),
        ),
        (
            "def f(n):\n    return 1 < n <= 3 and not n == 4",
            Value::Bool(true),
        ),
        (
            "def f(n):\n    return ' a  b '.split() + 'a,b'.split(',')",
            Value::texts(&["a", "b", "a", "b"].map(str::to_owned)),
        ),
        (
            "def f(n):\n    return max([1, 5, 2]) - min(4, 2) + max('a', 'bb', key=len).count('b')",
            int(5),
        ),
        (
            "def f(n):\n    return len({1, 2} | {2, 3}) + len({1, 2} & {2})",
            int(4),
        ),
        (
            "def f(n):\n    return {k: v for k, v in zip('ab', [1, 2])}['b']",
            int(2),
        ),
        (
            "def f(n):\n    return list(map(lambda p: p[0] * p[1], enumerate([5, 6, 7])))",
            Value::ints(&[0, 6, 14]),
        ),
        (
            "def f(n):\n    return next((x for x in [1, 2, 3] if x > 1), None)",
            int(2),
        ),
        (
            "def f(n):\n    if (m := n + 1) > 3:\n        return m",
            int(4),
        ),
        (
            "def f(n): return [[0] * 2 for _ in range(2)]",
            Value::List(vec![Value::ints(&[0, 0]); 2]),
        ),
        ("def f(n):\n    return divmod(-7, 2)", Value::ints(&[-4, 1])),
        ("def f(n):\n    return round(2.5) + round(3.5)", int(6)),
        (
            "def f(n):\n    return 'Hello World'.swapcase().title().zfill(13)",
            Value::text("00Hello World"),
        ),
        (
            "def f(n):\n    return isinstance(True, int) and isinstance('a', (int, str))",
            Value::Bool(true),
        ),
        (
            "def g(n):\n    return n\nprint(undefined)\ndef f(n): return n",
            int(3),
        ),
    ];
    for (source, result) in table {
        let grade = of_three(source, result.clone());
        // What stands after an exception at the top is not reached, as in Python.
        if source.contains("undefined") {
            assert!(matches!(grade, Grade::Wrong(_)), "{source}");
        } else {
            assert_eq!(grade, Grade::Right, "{source} should give {result}");
        }
    }
}

/// Each ends by a count of its own, on any machine.
#[test]
fn hostile_programs_end() {
    let deep = "(".repeat(5_000) + "1" + &")".repeat(5_000);
    let sums = format!("def f(n): return {}1", "1+".repeat(20_000));
    let dots = format!("def f(n): return n{}", ".a".repeat(20_000));
    let nots = format!("def f(n): return {} n", "not ".repeat(9_000));
    let blocks: String = (0..200)
        .map(|depth| format!("{}if 1:\n", " ".repeat(depth)))
        .collect();
    let table = [
        "def f(n):\n    while True: pass",
        "def f(n): return [0] * 10 ** 10",
        "def f(n): return 10 ** 10 ** 10",
        "def f(n): return 'a' * 10 ** 12",
        "def f(n):\n    s = 'ab'\n    while True: s += s",
        "def f(n):\n    s = 'ab'\n    while True: s = s.replace('a', 'aa')",
        "def f(n): return f(n)",
        "def f(n):\n    try:\n        return f(n)\n    except RecursionError:\n        return f(n)",
        "def f(n):\n    while True:\n        try:\n            f(n)\n        except Exception: pass",
        "def f(n): return list(range(10 ** 18))",
        "def f(n): return sum(range(10 ** 18))",
        "def f(n): return 5 in range(10 ** 18) and len(range(10 ** 30))",
        "def f(n):\n    a = []\n    a.append(a)\n    return a",
        "def f(n):\n    a = []\n    a.append(a)\n    b = []\n    b.append(b)\n    return a == b",
        "def f(n):\n    a = []\n    a.append(a)\n    return str(a)",
        "def f(n):\n    a = []\n    while True: a = [a]",
        "def f(n):\n    a = ()\n    for i in range(10 ** 5): a = (a,)\n    return {a: 1}",
        "def f(n):\n    return sorted([float('nan'), 1, 2, float('nan'), 0] * 1000)",
        "def f(n):\n    return sorted(range(10 ** 7), key=lambda x: -x)",
        "def f(n): return 'a'.ljust(10 ** 15)",
        "def f(n): return f'{n:1000000000000}'",
        "def f(n): return '{:999999999999}'.format(n)",
        "def f(n): return ','.join('x' for i in range(10 ** 9))",
        "def f(n): return int('9' * 100000)",
        "def f(n): return 1 << 10 ** 9",
        "def f(n): return -(-2 ** 127) - 1",
        "def f(n):\n    d = {}\n    while True: d[len(d)] = d",
        "def f(n):\n    def g():\n        while True: yield 1\n    return next(g())",
        "def f(n):\n    l = [1]\n    for x in l: l.append(x)",
        "import os\ndef f(n): return os.listdir('/')",
        "def f(n): return open('/etc/passwd').read()",
        "def f(n): return __import__('os').system('ls')",
        "def f(n): return ().__class__.__bases__[0].__subclasses__()",
        "def f(n): return eval('1')",
        "import re\ndef f(n): return re.match('(a+)+$', 'a' * 40 + 'b')",
        "class A: pass\ndef f(n): return A()",
        "def f(n): return 10.0 ** 400",
        "def f(n): return 1 // 0",
        "def f(n): return \"\\",
        "def f(n): return f'{'",
        "def f(n): return f'{n:{n:{n:{n:{n}}}}}'",
        "def f(",
        "\u{0}\u{1}def",
        &deep,
        &sums,
        &dots,
        &nots,
        &blocks,
    ];
    let wanted = wanted(&[(Value::Int(3), Value::Int(-1))]);
    for source in table {
        let answer = format!("```\n{source}\n```");
        let grade = apart(&wanted, &answer);
        assert_ne!(grade, Grade::Right, "{source}");
        assert_ne!(grade.reason(), "the grader failed", "{source}");
    }
}

#[test]
fn any_text_is_graded_and_nothing_panics() {
    let pieces = [
        "def f(n):\n",
        "    return ",
        "n",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        ":",
        "'",
        "\"",
        "f'",
        "\n",
        "    ",
        "if ",
        "else",
        "for x in ",
        "lambda ",
        "*",
        "**",
        "=",
        "1",
        "0x",
        "1e",
        ".",
        ",",
        "```",
        "try:",
        "except",
        "yield ",
        "\\",
        "é",
        "not ",
        "in ",
        "range(9)",
        "x",
        "%",
        "<<",
        "-",
    ];
    let wanted = wanted(&[(Value::Int(3), Value::Int(-1))]);
    let mut rng = swan_core::SeededRng::new(5);
    for _ in 0..3_000 {
        let count = swan_core::Rng::below(&mut rng, 40);
        let text: String = (0..count)
            .map(|_| {
                let at = usize::try_from(swan_core::Rng::below(&mut rng, 40)).unwrap();
                pieces[at % pieces.len()]
            })
            .collect();
        let grade = apart(&wanted, &format!("def f(n):\n    {text}"));
        assert_ne!(grade.reason(), "the grader failed", "{text}");
    }
}

#[test]
fn code_is_found_in_what_surrounds_it() {
    let wanted = wanted(&[(Value::Int(3), Value::Int(9))]);
    let right = [
        "```python\ndef f(n):\n    return n * n\n```",
        "```javascript\ndef f(n):\n    return n * n\n```",
        "~~~\ndef f(n):\n    return n * n\n~~~",
        "def f(n):\n    return n * n",
        "Here:\n\ndef f(n):\n    return n * n\n\nThis squares it. Enjoy!",
        "1. Like so:\n   ```python\n   def f(n):\n       return n * n\n   ```",
        "```python\ndef f(n):\n    return n\n```\nOh wait, better:\n```python\ndef f(n):\n    return n * n\n```",
        "```python\ndef f(n):\n    return n * n\n```\nUse it:\n```python\nprint(f(3))\nassert f(2) == 4\n```",
        "First a helper\n```python\ndef sq(n):\n    return n * n\n```\nthen\n```python\ndef f(n):\n    return sq(n)\n```",
        "```bash\npip install nothing\n```\n```python\ndef f(n):\n    return n * n\n```",
        "<think>def f(n): return 0</think>\n```python\ndef f(n):\n    return n * n\n```",
        "```python\n>>> def f(n):\n...     return n * n\n```",
        "```python\ndef square(n):\n    return n * n\n```",
        "```python\ndef f(n):\n    return n * n",
        "```python\r\ndef f(n):\r\n\treturn n * n\r\n```\r\n",
    ];
    for answer in right {
        assert_eq!(apart(&wanted, answer), Grade::Right, "{answer}");
    }
    for answer in [
        "",
        "9",
        "I can't help with that.",
        "<think>def f(n): return n * n",
        "```\n```",
    ] {
        assert!(
            matches!(apart(&wanted, answer), Grade::Wrong(_)),
            "{answer}"
        );
    }
}
