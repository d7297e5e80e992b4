//! `litellm.yaml`: the shape that LiteLLM reads, and the prices that the hub charges.
//!
//! LiteLLM itself is not run here: with its proxy it is 795 MB of packages, more than everything else in a test run together.

use std::collections::BTreeMap;

use swan_core::{Amount, ModelPrice, Policy};

const FILE: &str = include_str!("../../litellm.yaml");

/// The scalars of the file by their path, such as `model_list.0.litellm_params.model`; the file has no other YAML than
/// mappings by indentation and one list.
fn scalars() -> BTreeMap<String, String> {
    let mut path: Vec<(usize, String)> = Vec::new();
    let mut found = BTreeMap::new();
    let mut number = 0;
    for line in FILE.lines() {
        let text = line.trim_start();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let mut indent = line.len() - text.len();
        let mut text = text;
        path.retain(|(at, _)| *at < indent || (*at == indent && text.starts_with("- ")));
        if let Some(item) = text.strip_prefix("- ") {
            path.retain(|(at, _)| *at < indent);
            path.push((indent, number.to_string()));
            number += 1;
            (indent, text) = (indent + 2, item);
        }
        let (key, value) = text.split_once(':').expect("a key and a value");
        let names = path.iter().map(|(_, name)| name.as_str());
        let full = names.chain([key]).collect::<Vec<_>>().join(".");
        match value.trim() {
            "" => path.push((indent, key.to_owned())),
            value => assert!(
                found.insert(full.clone(), value.to_owned()).is_none(),
                "{full} twice"
            ),
        }
    }
    found
}

#[test]
fn every_deployment_is_a_hub_with_an_address_and_a_key_from_the_environment() {
    let found = scalars();
    for number in 0..2 {
        let value = |key: &str| found[&format!("model_list.{number}.{key}")].as_str();
        assert!(!value("model_name").is_empty());
        assert!(value("litellm_params.model").starts_with("openai/"));
        assert_eq!(value("litellm_params.api_base"), "os.environ/SWAN_API_BASE");
        assert_eq!(value("litellm_params.api_key"), "os.environ/SWAN_API_KEY");
        assert_eq!(value("litellm_params.max_retries"), "0");
    }
    assert!(!FILE.contains("sk-swan-0"), "no key in the file");
    let sections: Vec<&str> = FILE
        .lines()
        .filter(|line| line.ends_with(':') && !line.starts_with(' '))
        .collect();
    assert_eq!(
        sections,
        ["model_list:", "litellm_settings:", "general_settings:"]
    );
}

#[test]
fn its_prices_are_the_policys() {
    let found = scalars();
    let params = |key: &str| found[&format!("model_list.0.litellm_params.{key}")].clone();
    let named = params("model");
    let policy = Policy::swan_2_0();
    let model = policy
        .model(named.strip_prefix("openai/").unwrap())
        .expect("a model of the catalogue");
    let ModelPrice::Tokens(price) = &model.price else {
        panic!("a model priced by tokens");
    };
    let million = |key: &str| {
        let one: Amount = params(key).parse().unwrap();
        Amount::from_pico(one.pico() * 1_000_000).unwrap()
    };
    assert_eq!(million("input_cost_per_token"), price.input_per_million());
    assert_eq!(million("output_cost_per_token"), price.output_per_million());
}
