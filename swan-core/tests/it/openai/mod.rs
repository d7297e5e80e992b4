//! The OpenAI wire format: readers, splices, types and error bodies.

mod chunk;
mod failure;
mod head;
mod operations;
mod splice;
mod types;

use proptest::prelude::*;

/// Any JSON value, as text with random white space.
pub(crate) fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        any::<i128>().prop_map(|n| n.to_string()),
        "-?[1-9][0-9]{0,30}\\.[0-9]{1,30}(e[0-9]{1,2})?",
        "\\PC{0,12}".prop_map(|s| serde_json::to_string(&s).unwrap()),
        Just(r#""\u00e9\n\ud83d\ude00""#.to_owned()),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|v| format!("[{}]", v.join(" , "))),
            prop::collection::vec(("[a-z_]{1,8}", inner), 0..5).prop_map(|v| {
                let members: Vec<_> = v.iter().map(|(k, v)| format!("\"{k}\" : {v}")).collect();
                format!("{{ {} }}", members.join(","))
            }),
        ]
    })
}

/// Members with names that no reader looks for.
pub(crate) fn strangers() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(("x_[a-z]{1,6}", json()), 0..4).prop_map(|members| {
        members
            .iter()
            .map(|(k, v)| format!("\"{k}\":{v}"))
            .collect()
    })
}
