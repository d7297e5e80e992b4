//! The interpreter against the real one: whatever both give must be the same.

use std::io::Write as _;
use std::process::{Command, Stdio};

use swan_core::benchmark::{Item, ItemKind, ItemSeed, Key};

use super::super::python::{Halt, Program};
use super::super::{LIMITS, STACK};
use super::expressions::Expressions;

/// What real Python makes of each program.
fn real(programs: &[String]) -> Vec<String> {
    python(programs, &[])
}

fn python(programs: &[String], arguments: &[&str]) -> Vec<String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/grading/tests/run.py");
    let mut python = Command::new("python3")
        .args(["-W", "ignore", script])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is needed for this test");
    let input = serde_json::to_vec(programs).unwrap();
    let mut stdin = python.stdin.take().unwrap();
    let writing = std::thread::spawn(move || stdin.write_all(&input).unwrap());
    let output = python.wait_with_output().unwrap();
    writing.join().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What ours makes of each of them.
fn ours(programs: &[String]) -> Vec<String> {
    let outcome = |source: &String| match Program::read(source)
        .and_then(|program| program.shown("f", 3, LIMITS))
    {
        Ok((shown, None)) => format!("gives {shown}"),
        Ok((shown, Some(doubt))) => format!("in doubt about {doubt} gives {shown}"),
        Err(Halt::Raised(kind, _)) => format!("raises {kind}"),
        Err(Halt::Syntax(_)) => "no Python".to_owned(),
        Err(Halt::Unsupported(what)) => format!("ungradable: {what}"),
        Err(Halt::Limit(what)) => format!("uses up its {what}"),
    };
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, || programs.iter().map(outcome).collect())
            .unwrap()
            .join()
            .unwrap()
    })
}

/// Fails with all differences; what ours does not know is none. Returns how many programs that were.
fn compare(programs: &[String]) -> usize {
    let (wanted, given) = (real(programs), ours(programs));
    assert_eq!(wanted.len(), programs.len());
    let mut differences = String::new();
    let mut unknown = 0;
    for ((program, wanted), given) in programs.iter().zip(&wanted).zip(&given) {
        let is_same_in_doubt = given.starts_with("in doubt") && given.ends_with(wanted.as_str());
        // Which of several mistakes comes first is no difference, nor is what only a longer budget would give.
        let is_both_wrong = wanted.starts_with("raises") && given.starts_with("raises");
        let is_too_long = wanted.len() > 4_000;
        if is_same_in_doubt || is_both_wrong || is_too_long {
            continue;
        }
        if given.starts_with("ungradable") || given.starts_with("in doubt") {
            unknown += 1;
            if std::env::var_os("SHOW_UNKNOWN").is_some() {
                differences.push_str(&format!("{program}\n  {wanted}\n  {given}\n\n"));
            }
        } else if wanted != given {
            differences.push_str(&format!(
                "{program}\n  Python {wanted}\n  ours   {given}\n\n"
            ));
        }
    }
    assert!(differences.is_empty(), "\n{differences}");
    unknown
}

#[test]
fn programs_as_small_models_write_them() {
    let programs: Vec<String> = include_str!("corpus.txt")
        .split("%%\n")
        .map(str::to_owned)
        .collect();
    assert!(programs.len() > 150);
    let programs = python(&programs, &["apart"]);
    assert!(programs.len() > 600);
    let unknown = compare(&programs);
    assert!(unknown < 260, "{unknown} of {}", programs.len());
}

#[test]
fn thousands_of_drawn_expressions() {
    let mut expressions = Expressions::new(20_261_121);
    let programs: Vec<String> = (0..6_000)
        .map(|_| format!("def f(n):\n    return {}\n", expressions.next()))
        .collect();
    let unknown = compare(&programs);
    assert!(unknown < 1_200, "{unknown}");
}

#[test]
fn the_model_solutions_do_what_their_cases_say() {
    let mut programs = Vec::new();
    for seed in 0..400 {
        let item = Item::from_seed(ItemKind::Code, ItemSeed::new(seed));
        let Key::Program(wanted) = item.key() else {
            panic!("a code item has a program");
        };
        for case in &wanted.cases {
            let arguments: Vec<String> = case.arguments.iter().map(ToString::to_string).collect();
            let (solution, function) = (&wanted.solution, &wanted.function);
            programs.push(format!(
                "{solution}\ndef f(n):\n    given = {function}({})\n    return given, given == {}\n",
                arguments.join(", "),
                case.result
            ));
        }
    }
    let wanted = real(&programs);
    for (program, wanted) in programs.iter().zip(&wanted) {
        assert!(wanted.ends_with(", True)"), "{program}\n{wanted}");
    }
    assert_eq!(compare(&programs), 0);
}
