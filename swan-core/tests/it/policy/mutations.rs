//! Whatever becomes of a document, it is a policy or an error that names what is wrong.

use std::sync::OnceLock;

use proptest::prelude::*;
use swan_core::{Policy, PolicyChange, PolicyValue, PolicyVersion};
use toml::{Table, Value};

/// A step down into a document.
#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Entry(usize),
}

fn paths(value: &Value, here: &mut Vec<Step>, found: &mut Vec<Vec<Step>>) {
    let inner: Vec<(Step, &Value)> = match value {
        Value::Table(table) => table
            .iter()
            .map(|(key, value)| (Step::Key(key.clone()), value))
            .collect(),
        Value::Array(list) => (0..).map(Step::Entry).zip(list).collect(),
        _ => Vec::new(),
    };
    for (step, value) in inner {
        here.push(step);
        found.push(here.clone());
        paths(value, here, found);
        here.pop();
    }
}

fn all_paths(document: &Table) -> Vec<Vec<Step>> {
    let mut found = Vec::new();
    paths(&Value::Table(document.clone()), &mut Vec::new(), &mut found);
    found
}

fn at_mut<'a>(document: &'a mut Value, path: &[Step]) -> &'a mut Value {
    path.iter().fold(document, |value, step| match step {
        Step::Key(key) => &mut value[key],
        Step::Entry(number) => &mut value[*number],
    })
}

fn name(path: &[Step]) -> String {
    let segments = path.iter().map(|step| match step {
        Step::Key(key) => key.clone(),
        Step::Entry(number) => (number + 1).to_string(),
    });
    segments.collect::<Vec<_>>().join(".")
}

fn drop_at(document: &mut Value, path: &[Step]) {
    let (last, above) = path.split_last().unwrap();
    match (at_mut(document, above), last) {
        (Value::Table(table), Step::Key(key)) => drop(table.remove(key)),
        (Value::Array(list), Step::Entry(number)) => drop(list.remove(*number)),
        _ => unreachable!("paths lead through tables and lists"),
    }
}

/// What a careless or hostile hand writes instead of a value.
fn instead() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Integer(0)),
        Just(Value::Integer(-1)),
        Just(Value::Integer(i64::MAX)),
        Just(Value::Integer(i64::MIN)),
        any::<i64>().prop_map(Value::Integer),
        (0..20_000_i64).prop_map(Value::Integer),
        any::<f64>().prop_map(Value::Float),
        Just(Value::Float(f64::NAN)),
        Just(Value::Float(f64::INFINITY)),
        any::<bool>().prop_map(Value::Boolean),
        Just(Value::String(String::new())),
        Just(Value::String("-0.01".into())),
        Just(Value::String("NaN".into())),
        Just(Value::String(
            "9999999999999999999999999999999999999999".into()
        )),
        Just(Value::String("2026-02-30".into())),
        any::<String>().prop_map(Value::String),
        "[0-9]{1,12}(\\.[0-9]{1,13})?".prop_map(Value::String),
        Just(Value::Array(Vec::new())),
        Just(Value::Array(vec![Value::Integer(1), Value::Boolean(true)])),
        Just(Value::Table(Table::new())),
        Just(
            "2026-04-10"
                .parse::<toml::value::Datetime>()
                .map(Value::Datetime)
                .unwrap()
        ),
    ]
}

#[derive(Clone, Debug)]
enum Mutation {
    Drop,
    Set(Value),
    Add(i64),
    /// The entry of a list twice, or a key under another name as well.
    Double,
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        2 => Just(Mutation::Drop),
        4 => instead().prop_map(Mutation::Set),
        2 => prop_oneof![Just(1_i64), Just(-1), any::<i64>()].prop_map(Mutation::Add),
        1 => Just(Mutation::Double),
    ]
}

fn mutate(document: &mut Value, path: &[Step], mutation: &Mutation) {
    match mutation {
        Mutation::Drop => drop_at(document, path),
        Mutation::Set(value) => *at_mut(document, path) = value.clone(),
        Mutation::Add(more) => {
            if let Value::Integer(number) = at_mut(document, path) {
                *number = number.saturating_add(*more);
            }
        }
        Mutation::Double => {
            let twin = at_mut(document, path).clone();
            let (last, above) = path.split_last().unwrap();
            match (at_mut(document, above), last) {
                (Value::Table(table), Step::Key(key)) => {
                    drop(table.insert(format!("{key}s"), twin));
                }
                (Value::Array(list), Step::Entry(number)) => list.insert(*number, twin),
                _ => unreachable!("paths lead through tables and lists"),
            }
        }
    }
}

fn built_in(name: &str) -> &'static Policy {
    static READ: OnceLock<Vec<Policy>> = OnceLock::new();
    let read = READ.get_or_init(|| Policy::built_ins().filter_map(Policy::built_in).collect());
    read.iter()
        .find(|policy| policy.version().as_str() == name)
        .unwrap()
}

fn names() -> impl Strategy<Value = &'static str> {
    prop::sample::select(Policy::built_ins().collect::<Vec<_>>())
}

proptest! {
    // Each case reads whole documents, some of them twenty times.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_changed_document_is_a_policy_or_an_error_that_names_a_key(
        name_of in names(), place: prop::sample::Index, mutation in mutation(),
    ) {
        let before = built_in(name_of);
        let paths = all_paths(before.source());
        let path = place.get(&paths);
        let mut document = Value::Table(before.source().clone());
        mutate(&mut document, path, &mutation);
        match Policy::from_toml(&document.as_table().unwrap().to_string()) {
            Ok(after) => {
                let is_same = before.source() == after.source();
                prop_assert_eq!(before.stamp().hash() == after.stamp().hash(), is_same);
                prop_assert_eq!(before.diff(&after).is_empty(), is_same);
                prop_assert_eq!(after.diff(before).is_empty(), is_same);
            }
            Err(error) => {
                let key = error.key().unwrap_or_default().to_owned();
                prop_assert!(!key.is_empty(), "{error}");
                prop_assert!(error.to_string().contains(&key), "{error}");
                prop_assert!(error.to_string().len() < 4_000, "{error}");
                if let Mutation::Set(Value::Float(_) | Value::Datetime(_)) = mutation {
                    prop_assert_eq!(key, name(path));
                }
            }
        }
    }

    #[test]
    fn a_changed_text_is_a_policy_or_an_error(
        place: prop::sample::Index, removed in 0..40_usize, added in "[\\[\\]{}=\"'#.\\n a0-]{0,12}|\\PC{0,8}",
    ) {
        let mut text: Vec<char> = Policy::SWAN_2_0_TOML.chars().collect();
        let at = place.index(text.len());
        let end = (at + removed).min(text.len());
        text.splice(at..end, added.chars());
        let text: String = text.into_iter().collect();
        let findings = Policy::findings(&text);
        prop_assert_eq!(findings.first().cloned(), Policy::from_toml(&text).err());
        prop_assert!(findings.len() <= Policy::FINDINGS_MAX);
        for error in findings {
            if let Some((line, column)) = error.place(&text) {
                prop_assert!(line >= 1 && line <= text.split('\n').count());
                prop_assert!(column >= 1);
            }
        }
    }

    #[test]
    fn any_text_is_refused_or_read(text in "\\PC{0,60}") {
        prop_assert!(Policy::from_toml(&text).is_err());
        prop_assert!(text.parse::<PolicyValue>().is_ok() || text.parse::<PolicyValue>().is_err());
        let version = PolicyVersion::new("next").unwrap();
        prop_assert!(built_in("swan-2.0").amended(version, &[PolicyChange::new(text, 1)]).is_err());
    }
}

/// Every value of both documents can be reached by the name that errors and differences use.
#[test]
fn each_value_can_be_amended_by_its_key_and_nothing_else_changes() {
    for name_of in Policy::built_ins() {
        let before = built_in(name_of);
        let mut document = Value::Table(before.source().clone());
        let changes: Vec<PolicyChange> = all_paths(before.source())
            .iter()
            .filter(|path| name(path) != "version")
            .filter_map(|path| match at_mut(&mut document, path).clone() {
                Value::Table(_) | Value::Array(_) => None,
                value => Some(PolicyChange::new(
                    name(path),
                    PolicyValue::try_from(value).unwrap(),
                )),
            })
            .collect();
        assert!(changes.len() > 100);
        for changes in changes.chunks(Policy::CHANGES_MAX) {
            let version = PolicyVersion::new("next").unwrap();
            let after = before.amended(version, changes).unwrap();
            let differences = before.diff(&after);
            assert_eq!(differences.len(), 1, "{differences:?}");
            assert_eq!(differences[0].key, "version");
        }
    }
}
