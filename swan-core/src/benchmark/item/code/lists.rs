//! Functions of lists of numbers.

use super::{Parts, Task, cases, numbers, task};
use crate::benchmark::item::draw::Draw;
use crate::benchmark::item::value::Value;

fn inputs(d: &mut Draw<'_>, edges: &[&[i64]], range: (i64, i64)) -> Vec<Vec<i64>> {
    let mut inputs: Vec<Vec<i64>> = edges.iter().map(|edge| edge.to_vec()).collect();
    inputs.extend((0..8).map(|_| numbers(d, (3, 12), range)));
    inputs
}

/// A sum of some of the numbers, with a cap on each.
pub(super) fn capped_sum(d: &mut Draw<'_>) -> Task {
    let (divisor, cap, empty) = (d.int(2, 7), d.int(20, 70), -d.int(1, 999));
    let sum = |list: &Vec<i64>| -> i64 {
        let kept: Vec<i64> = list.iter().copied().filter(|n| n % divisor == 0).collect();
        if kept.is_empty() {
            return empty;
        }
        kept.iter().map(|n| (*n).min(cap)).sum()
    };
    let edges: [&[i64]; 4] = [&[], &[divisor * 2 + 1], &[divisor], &[divisor * 90, cap]];
    let inputs = inputs(d, &edges, (-60, 160));
    let what = d.one([
        format!("adds up those integers in the list that are divisible by {divisor}, where any of them above {cap} counts as {cap} only. If the list has no integer divisible by {divisor}, it returns {empty}."),
        format!("returns the sum of all multiples of {divisor} in a list of integers. Cap each multiple at {cap} before adding. No multiples at all means the result is {empty}."),
        format!("takes a list of ints, keeps the ones that {divisor} divides evenly, limits each kept one to at most {cap} and returns the total; when nothing is kept it returns {empty}."),
    ]);
    let body = format!(
        "    kept = [n for n in {{P}} if n % {divisor} == 0]\n    if not kept:\n        return {empty}\n    return sum(min(n, {cap}) for n in kept)\n"
    );
    let parts = Parts {
        names: &[
            "capped_sum",
            "sum_multiples",
            "limited_total",
            "add_some",
            "total_of",
        ],
        parameter: d.pick(&["values", "nums", "xs", "items", "data"]),
        what,
        cases: cases(&inputs, |list| Value::ints(list), sum),
        body,
    };
    task(d, parts)
}

/// The best sum of neighbours.
pub(super) fn best_window(d: &mut Draw<'_>) -> Task {
    let (size, short, bonus) = (d.int(2, 5), -d.int(1, 500), d.int(1, 40));
    let width = usize::try_from(size).unwrap_or(2);
    let best = |list: &Vec<i64>| -> i64 {
        let sums = list.windows(width).map(|window| window.iter().sum::<i64>());
        sums.max()
            .map_or(short, |best| if best < 0 { best } else { best + bonus })
    };
    let edges: [&[i64]; 4] = [&[], &[5], &[-9, -8, -7, -6, -5, -4], &[0, 0, 0, 0, 0]];
    let inputs = inputs(d, &edges, (-30, 30));
    let what = d.one([
        format!("finds the largest sum of {size} consecutive elements of a list of integers and returns it, plus {bonus} if that sum is zero or positive. Lists with fewer than {size} elements give {short}."),
        format!("looks at every run of exactly {size} neighbouring numbers and returns the biggest total of such a run. A total that isn't negative gets {bonus} added. Return {short} when the list is shorter than {size}."),
        format!("returns the maximum over all length-{size} windows of the window's sum (and increases that maximum by {bonus} unless it is below 0), or {short} if there is no full window."),
    ]);
    let body = format!(
        "    if len({{P}}) < {size}:\n        return {short}\n    best = None\n    for i in range(len({{P}}) - {size} + 1):\n        total = sum({{P}}[i:i + {size}])\n        if best is None or total > best:\n            best = total\n    return best if best < 0 else best + {bonus}\n"
    );
    let parts = Parts {
        names: &[
            "best_window",
            "max_run",
            "peak_sum",
            "top_stretch",
            "largest_block",
        ],
        parameter: d.pick(&["values", "nums", "series", "readings", "a"]),
        what,
        cases: cases(&inputs, |list| Value::ints(list), best),
        body,
    };
    task(d, parts)
}

/// How many pairs fit together.
pub(super) fn pair_count(d: &mut Draw<'_>) -> Task {
    let (modulus, gap) = (d.int(3, 6), d.int(1, 20));
    let count = |list: &Vec<i64>| -> i64 {
        let later = |at: usize| list.iter().skip(at + 1);
        let fits = |a: i64, b: i64| (a + b) % modulus == 0 && (a - b).abs() >= gap;
        let of = |(at, a): (usize, &i64)| later(at).filter(|b| fits(*a, **b)).count();
        let pairs: usize = list.iter().enumerate().map(of).sum();
        i64::try_from(pairs).unwrap_or(i64::MAX)
    };
    let edges: [&[i64]; 4] = [
        &[],
        &[7],
        &[modulus, modulus, modulus * 2],
        &[0, gap * modulus],
    ];
    let inputs = inputs(d, &edges, (0, 90));
    let what = d.one([
        format!("counts the pairs of positions i < j in a list of non-negative integers for which the two numbers add up to a multiple of {modulus} and differ by at least {gap}."),
        format!("returns how many index pairs (i before j) satisfy both: the sum of the two numbers is divisible by {modulus}, and their absolute difference is {gap} or more. The list holds integers >= 0."),
        format!("given non-negative ints, returns the number of unordered pairs of elements at different positions whose sum modulo {modulus} is zero and which lie no less than {gap} apart in value."),
    ]);
    let body = format!(
        "    count = 0\n    for i, a in enumerate({{P}}):\n        for b in {{P}}[i + 1:]:\n            if (a + b) % {modulus} == 0 and abs(a - b) >= {gap}:\n                count += 1\n    return count\n"
    );
    let parts = Parts {
        names: &[
            "count_pairs",
            "matching_pairs",
            "pair_total",
            "couples",
            "good_pairs",
        ],
        parameter: d.pick(&["values", "nums", "xs", "numbers", "lst"]),
        what,
        cases: cases(&inputs, |list| Value::ints(list), count),
        body,
    };
    task(d, parts)
}

/// Repeated elements beyond a number of times left out.
pub(super) fn keep_some(d: &mut Draw<'_>) -> Task {
    let (most, odd, low) = (d.int(1, 3), d.int(2, 9), -d.int(1, 300));
    let limit = usize::try_from(most).unwrap_or(1);
    let keep = |list: &Vec<i64>| -> Value {
        let mut kept: Vec<i64> = Vec::new();
        for number in list.iter().filter(|n| **n >= low) {
            if kept.iter().filter(|known| *known == number).count() < limit {
                kept.push(*number);
            }
        }
        Value::List(kept.iter().map(|n| Value::Int(n * odd)).collect())
    };
    let edges: [&[i64]; 4] = [
        &[],
        &[4, 4, 4, 4, 4],
        &[low, low - 1],
        &[1, 2, 1, 2, 1, 2, 1],
    ];
    let inputs = inputs(d, &edges, (-4, 5));
    let times = if most == 1 {
        "once".to_owned()
    } else {
        format!("{most} times")
    };
    let what = d.one([
        format!("returns a new list in the same order where each value occurs at most {times} (later repeats are dropped), numbers smaller than {low} are left out, and every number that stays is multiplied by {odd}."),
        format!("goes through a list of integers from left to right, ignores everything below {low}, keeps a value only as long as it was not kept {times} already, and gives back the kept values times {odd} as a list."),
        format!("filters a list: no value may show up more than {times} in the output, values under {low} never do. The first ones win and the order stays. Multiply each remaining value by {odd} at the end."),
    ]);
    let body = format!(
        "    seen = {{}}\n    out = []\n    for n in {{P}}:\n        if n < {low}:\n            continue\n        seen[n] = seen.get(n, 0) + 1\n        if seen[n] <= {most}:\n            out.append(n * {odd})\n    return out\n"
    );
    let parts = Parts {
        names: &[
            "keep_some",
            "limit_repeats",
            "thin_out",
            "drop_extra",
            "first_few",
        ],
        parameter: d.pick(&["values", "nums", "xs", "entries", "seq"]),
        what,
        cases: cases(&inputs, |list| Value::ints(list), keep),
        body,
    };
    task(d, parts)
}
