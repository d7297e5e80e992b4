use std::collections::{BTreeMap, BTreeSet};

use swan_core::benchmark::{Item, ItemKind, ItemSeed, Key};

const KINDS: [ItemKind; 2] = [ItemKind::Math, ItemKind::Code];

fn items(kind: ItemKind, count: u64) -> impl Iterator<Item = Item> {
    // Spread over the seeds as a hub's random ones are.
    (0..count)
        .map(move |n| Item::from_seed(kind, ItemSeed::new(n.wrapping_mul(0x9E37_79B9_7F4A_7C15))))
}

#[test]
fn questions_do_not_come_again() {
    for (kind, most) in [(ItemKind::Math, 100), (ItemKind::Code, 0)] {
        let ids: BTreeSet<_> = items(kind, 100_000).map(|item| item.id()).collect();
        assert!(
            100_000 - ids.len() <= most,
            "{kind}: {} repeated",
            100_000 - ids.len()
        );
    }
}

#[test]
fn every_family_and_level_is_drawn() {
    for (kind, families) in [(ItemKind::Math, 18), (ItemKind::Code, 15)] {
        let mut counts: BTreeMap<_, u32> = BTreeMap::new();
        let mut levels = [0_u32; 3];
        for item in items(kind, 6_000) {
            *counts.entry(item.family()).or_default() += 1;
            levels[usize::from(item.level()) - 1] += 1;
        }
        assert_eq!(counts.len(), families, "{counts:?}");
        let least = 6_000 / u32::try_from(families).unwrap() * 2 / 3;
        assert!(counts.values().all(|count| *count > least), "{counts:?}");
        assert!(
            (1_350..1_650).contains(&levels[0]) && (1_350..1_650).contains(&levels[2]),
            "{levels:?}"
        );
    }
}

/// What a user says in a request.
fn said(item: &Item) -> (serde_json::Value, String) {
    let body: serde_json::Value = serde_json::from_slice(&item.request("m")).unwrap();
    let texts: Vec<&str> = body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|turn| turn["content"].as_str().unwrap())
        .collect();
    let text = texts.join("\n");
    (body, text)
}

#[test]
fn items_read_like_traffic() {
    for kind in KINDS {
        let mut grams: BTreeMap<String, u32> = BTreeMap::new();
        let mut shapes: BTreeMap<String, u32> = BTreeMap::new();
        let (count, mut streamed) = (4_000_u32, 0);
        for item in items(kind, count.into()) {
            let (body, text) = said(&item);
            let lower = text.to_lowercase();
            for word in [
                "benchmark",
                "grader",
                "hidden",
                "quiz",
                "exam ",
                "evaluation",
                "swan",
            ] {
                assert!(!lower.contains(word), "{word}: {text}");
            }
            let words: Vec<&str> = lower.split_whitespace().collect();
            let of_item: BTreeSet<String> =
                words.windows(4).map(|window| window.join(" ")).collect();
            for gram in of_item {
                *grams.entry(gram).or_default() += 1;
            }
            let keys: Vec<&str> = body
                .as_object()
                .unwrap()
                .keys()
                .map(String::as_str)
                .collect();
            *shapes.entry(keys.join(" ")).or_default() += 1;
            streamed += u32::from(item.is_streamed());
            assert_eq!(
                body["stream"].as_bool().unwrap_or(false),
                item.is_streamed()
            );
        }
        let (gram, most) = grams.iter().max_by_key(|(_, times)| **times).unwrap();
        assert!(
            *most * 100 <= count * 15,
            "{kind}: {gram:?} occurs in {most} of {count}"
        );
        assert!(
            shapes.values().all(|times| times * 100 <= count * 25),
            "{shapes:?}"
        );
        assert!(shapes.len() >= 12, "{shapes:?}");
        assert!(
            (count * 65 / 100..count * 75 / 100).contains(&streamed),
            "{streamed}"
        );
    }
}

#[test]
fn nothing_of_the_key_is_in_the_request() {
    for item in items(ItemKind::Code, 500) {
        let Key::Program(program) = item.key() else {
            panic!()
        };
        let (_, text) = said(&item);
        assert!(text.contains(&program.function));
        assert!(
            !text.contains(program.solution.lines().nth(1).unwrap().trim()),
            "{text}"
        );
        assert!(program.cases.len() >= 12, "{}", item.family());
        let results: BTreeSet<_> = program
            .cases
            .iter()
            .map(|case| case.result.clone())
            .collect();
        assert!(results.len() >= 3, "{} {results:?}", item.family());
    }
}

#[test]
fn a_seed_gives_the_same_item_always() {
    // A change here changes what old evidence names: say so in the change log.
    let item = Item::from_seed(ItemKind::Math, ItemSeed::new(2_026));
    assert_eq!(item, Item::from_seed(ItemKind::Math, ItemSeed::new(2_026)));
    assert_ne!(
        item.id(),
        Item::from_seed(ItemKind::Code, ItemSeed::new(2_026)).id()
    );
}
