use proptest::prelude::*;
use swan_core::Timestamp;
use swan_core::benchmark::{
    Evidence, Expected, Grade, Grader, Item, ItemKind, ItemSeed, Key, NumberGrader, ReplayError,
    Timing,
};

/// An item whose answer is a whole number that no other part of the table says by chance.
fn item() -> (Item, i64) {
    (0..)
        .map(|seed| Item::from_seed(ItemKind::Math, ItemSeed::new(seed)))
        .find_map(|item| match item.key() {
            Key::Number(expected)
                if expected.tolerance().is_none() && expected.value().denominator() == 1 =>
            {
                let number = i64::try_from(expected.value().numerator()).unwrap();
                (1_000..10_000).contains(&number).then_some((item, number))
            }
            _ => None,
        })
        .unwrap()
}

/// `N` stands for the number, `G` for it with a separator of thousands, `M` for another number.
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn numbers_are_read_as_people_write_them() {
    let (item, number) = item();
    let (thousands, rest) = (number / 1_000, number % 1_000);
    let fill = |text: &str| {
        text.replace('G', &format!("{thousands},{rest:03}"))
            .replace('§', &format!("{thousands}\u{202f}{rest:03}"))
            .replace('N', &number.to_string())
            .replace('M', &(number + 1).to_string())
    };
    let right = [
        "N",
        "N.",
        "G",
        "§",
        "$N",
        "$G",
        "$G.00",
        "N.0",
        "N.00",
        "**N**",
        "**N.**",
        "**$G**",
        "=N",
        "= N",
        "N km",
        "Nkm",
        "\\boxed{N}",
        "$\\boxed{N}$",
        "\\boxed{G}",
        "\\boxed{\\$N}",
        "\\boxed{N \\text{ m}}",
        "$$\\boxed{N\\text{ m}^2}$$",
        "\\boxed{x = N}",
        "so \\boxed{N}. Check: M",
        "The answer is N.",
        "The answer is N. I used 3 steps.",
        "The final answer is **N** days",
        "**Answer:** N",
        "Answer: N",
        "answer: 5 + 6 = N",
        "Final answer\n\nN",
        "First M, then M + 1, so N",
        "12 * 3 = 36, and 36 + 4 = N",
        "- one: 5\n- two: 7\n\n**Total: N**",
        "x = N",
        "The total is **N** dollars (not M).",
        "about 5 things... in all: N",
        "<think>M or M?</think>N",
        "N €",
        "€N",
        "US$N",
        "It is N\n",
        "\"N\"",
        "(N)",
        "`N`",
        "N/1",
        "Result: N m²",
        "N m^2",
        "N units",
        "\u{ff0b} N",
        "{\"answer\": N}",
        "The result is N",
        "**Step 1:** M\n**Step 2:** N",
        "N percent of nothing",
        "so it is N :)",
        "_N_",
        "the sum is: N",
        "N\u{a0}km",
        "approximately N",
        "=> N",
        "N!",
        "N,",
        "~N",
    ];
    for text in right {
        assert_eq!(
            NumberGrader.grade(&item, &fill(text)),
            Grade::Right,
            "{}",
            fill(text)
        );
    }
    let wrong = [
        "",
        "M",
        "-N",
        "N.5",
        "1N",
        "N1",
        "N0",
        "I don't know.",
        "\\boxed{M} N",
        "The answer is M. Or N?",
        "inf",
        "<think>N",
        "xN",
        "N million",
        "N/2",
        "0.N",
        "N:M",
        "twelve",
        "N%0 M",
        "--",
        "$",
        "\\boxed{",
        "1/0",
    ];
    for text in wrong {
        let grade = NumberGrader.grade(&item, &fill(text));
        assert!(
            matches!(grade, Grade::Wrong(_)),
            "{}: {grade:?}",
            fill(text)
        );
    }
}

fn other(wanted: impl Fn(&Expected) -> bool) -> Item {
    (0..)
        .map(|seed| Item::from_seed(ItemKind::Math, ItemSeed::new(seed)))
        .find(|item| matches!(item.key(), Key::Number(expected) if wanted(expected)))
        .unwrap()
}

#[test]
fn a_tolerance_reaches_as_far_as_it_says() {
    let item =
        other(|expected| expected.tolerance().is_some() && expected.value().denominator() > 1);
    let Key::Number(expected) = item.key() else {
        panic!()
    };
    let (above, below) = (expected.value().numerator(), expected.value().denominator());
    let at = |hundredths: i128| format!("{}/{}", above * 1_000 + hundredths * below, below * 1_000);
    for (thousandths, is_right) in [
        (0, true),
        (10, true),
        (-10, true),
        (11, false),
        (-11, false),
    ] {
        let grade = NumberGrader.grade(&item, &at(thousandths));
        assert_eq!(grade == Grade::Right, is_right, "{thousandths}");
    }
}

#[test]
fn small_numbers_may_be_words() {
    let item =
        other(|expected| expected.value().numerator() == 42 && expected.value().denominator() == 1);
    for text in [
        "forty-two",
        "Forty two.",
        "The answer is forty-two",
        "It is **forty-two** days.",
        "4.2e1",
        "4.2 × 10^1",
        "4.2 \\times 10^{1}",
        "\\frac{84}{2}",
        "84/2",
        "41 2/2 no, 42",
    ] {
        assert_eq!(NumberGrader.grade(&item, text), Grade::Right, "{text}");
    }
    for text in ["forty", "two", "minus forty-two", "forty-three", "four two"] {
        assert!(
            matches!(NumberGrader.grade(&item, text), Grade::Wrong(_)),
            "{text}"
        );
    }
}

#[test]
fn evidence_is_replayed_and_forged_evidence_is_not() {
    let (item, number) = item();
    let answer = number.to_string();
    let grade = NumberGrader.grade(&item, &answer);
    let evidence = Evidence::answered(
        &item,
        Timestamp::from_millis(5),
        &answer,
        &grade,
        Timing::default(),
    );
    assert_eq!(evidence.replay(&answer, &NumberGrader), Ok(Grade::Right));
    let other = evidence.replay("5", &NumberGrader);
    assert!(
        matches!(other, Err(ReplayError::OtherAnswer { .. })),
        "{other:?}"
    );
    let mut forged = evidence;
    forged.seed = ItemSeed::new(item.seed().get() + 1);
    let other = forged.replay(&answer, &NumberGrader);
    assert!(
        matches!(other, Err(ReplayError::OtherItem { .. })),
        "{other:?}"
    );
}

proptest! {
    #[test]
    fn any_text_is_graded(seed: u64, text in "\\PC{0,200}") {
        let item = Item::from_seed(ItemKind::Math, ItemSeed::new(seed));
        let _ = NumberGrader.grade(&item, &text);
    }

    #[test]
    fn any_mixture_of_marks_is_graded(seed: u64, text in "[-0-9.,_'/%$e^*\\\\{} a-z½]{0,120}") {
        let item = Item::from_seed(ItemKind::Math, ItemSeed::new(seed));
        let _ = NumberGrader.grade(&item, &text);
        let _ = NumberGrader.grade(&item, &format!("\\boxed{{{text}"));
    }
}
