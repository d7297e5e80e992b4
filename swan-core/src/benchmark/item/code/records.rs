//! Functions of lists of records.

use super::{Parts, Task, cases, numbers, task};
use crate::benchmark::item::draw::Draw;
use crate::benchmark::item::value::Value;

fn as_rows(rows: &[Vec<i64>]) -> Value {
    Value::List(rows.iter().map(|row| Value::ints(row)).collect())
}

/// Ranges that touch become one.
pub(super) fn merge(d: &mut Draw<'_>) -> Task {
    let (gap, least) = (d.int(0, 9), d.int(1, 12));
    let merge = |rows: &Vec<Vec<i64>>| -> Value {
        let mut sorted: Vec<(i64, i64)> = rows
            .iter()
            .filter_map(|row| Some((*row.first()?, *row.get(1)?)))
            .collect();
        sorted.sort_unstable();
        let mut merged: Vec<(i64, i64)> = Vec::new();
        for (start, end) in sorted {
            match merged.last_mut() {
                Some(last) if start - last.1 <= gap => last.1 = last.1.max(end),
                _ => merged.push((start, end)),
            }
        }
        merged.retain(|(start, end)| end - start >= least);
        Value::List(merged.iter().map(|(a, b)| Value::ints(&[*a, *b])).collect())
    };
    let mut inputs = vec![
        Vec::new(),
        vec![vec![3, 3 + least]],
        vec![vec![0, least - 1]],
        vec![vec![0, 20], vec![20 + gap, 40], vec![41 + gap, 80]],
        vec![vec![5, 90], vec![10, 20]],
    ];
    inputs.extend((0..7).map(|_| {
        let count = d.int(2, 7);
        (0..count)
            .map(|_| {
                let start = d.int(0, 120);
                vec![start, start + d.int(0, 25)]
            })
            .collect()
    }));
    let what = d.one([
        format!("merges intervals. The input is a list of [start, end] lists in any order. Two intervals belong together if the gap between the end of one and the start of the next is at most {gap} (overlapping ones always do). Return the merged intervals as [start, end] lists sorted by start, without those whose length (end - start) is below {least}."),
        format!("takes [start, end] pairs (as lists, unsorted), joins all that overlap or lie no more than {gap} apart, then throws away results where end - start < {least}, and returns what's left in ascending order as lists [start, end]."),
        format!("returns the union of ranges given as [start, end] lists. Neighbouring ranges are joined when next start - previous end <= {gap}. Afterwards drop every joined range shorter than {least}. The result is a list of [start, end], ordered by start."),
    ]);
    let body = format!(
        "    out = []\n    for s, e in sorted({{P}}):\n        if out and s - out[-1][1] <= {gap}:\n            out[-1][1] = max(out[-1][1], e)\n        else:\n            out.append([s, e])\n    return [r for r in out if r[1] - r[0] >= {least}]\n"
    );
    let parts = Parts {
        names: &[
            "merge_ranges",
            "join_spans",
            "combine",
            "union_of",
            "coalesce",
        ],
        parameter: d.pick(&["ranges", "spans", "intervals", "pairs"]),
        what,
        cases: cases(&inputs, |rows| as_rows(rows), merge),
        body,
    };
    task(d, parts)
}

/// An account that follows a list of movements.
pub(super) fn balance(d: &mut Draw<'_>) -> Task {
    let (start, fee, floor) = (d.int(0, 300), d.int(1, 15), -d.int(0, 200));
    let play = |moves: &Vec<Vec<i64>>| -> i64 {
        let amounts = moves.iter().filter_map(|row| row.first().copied());
        amounts.fold(start, |balance, amount| {
            if amount >= 0 {
                balance + amount
            } else if balance + amount - fee >= floor {
                balance + amount - fee
            } else {
                balance
            }
        })
    };
    let one = |amounts: Vec<i64>| amounts.into_iter().map(|n| vec![n]).collect::<Vec<_>>();
    let mut inputs = vec![
        Vec::new(),
        one(vec![0]),
        one(vec![floor - start + fee]),
        one(vec![floor - start + fee - 1]),
        one(vec![-1, -1, 5]),
    ];
    inputs.extend((0..8).map(|_| one(numbers(d, (2, 10), (-220, 150)))));
    let as_list = |rows: &Vec<Vec<i64>>| Value::ints(&rows.concat());
    let what = d.one([
        format!("plays through a list of amounts on an account that starts with a balance of {start}. Amounts of zero or more are added. A negative amount is a withdrawal: it also costs a fee of {fee}, and it is skipped entirely (no fee either) if the balance would fall below {floor} including the fee. Returns the final balance."),
        format!("returns the closing balance of an account. Opening balance {start}; every non-negative amount in the list is a deposit; every negative one is a withdrawal with {fee} charged on top; withdrawals that would leave less than {floor} after the charge are refused and change nothing."),
        format!("processes integers in order, beginning at {start}: if x >= 0 add it, else add x and subtract {fee} more, but only if the outcome is not smaller than {floor}; otherwise ignore x. The value after the last one is returned."),
    ]);
    let body = format!(
        "    b = {start}\n    for x in {{P}}:\n        if x >= 0:\n            b += x\n        elif b + x - {fee} >= {floor}:\n            b += x - {fee}\n    return b\n"
    );
    let parts = Parts {
        names: &[
            "final_balance",
            "run_account",
            "settle",
            "apply_moves",
            "closing",
        ],
        parameter: d.pick(&["amounts", "moves", "entries", "bookings"]),
        what,
        cases: cases(&inputs, as_list, play),
        body,
    };
    task(d, parts)
}

/// One number for each row of a table.
pub(super) fn row_spread(d: &mut Draw<'_>) -> Task {
    let (factor, blank, limit) = (d.int(2, 12), -d.int(1, 400), d.int(20, 90));
    let spread = |rows: &Vec<Vec<i64>>| -> Value {
        let of = |row: &Vec<i64>| match (row.iter().max(), row.iter().min()) {
            (Some(most), Some(least)) if most - least > limit => limit * factor,
            (Some(most), Some(least)) => (most - least) * factor,
            _ => blank,
        };
        Value::List(rows.iter().map(|row| Value::Int(of(row))).collect())
    };
    let mut inputs = vec![
        Vec::new(),
        vec![Vec::new()],
        vec![vec![7], vec![3, 3, 3]],
        vec![vec![0, limit], vec![0, limit + 1], Vec::new()],
    ];
    inputs.extend((0..8).map(|_| {
        let count = d.int(1, 5);
        (0..count).map(|_| numbers(d, (0, 6), (-40, 80))).collect()
    }));
    let what = d.one([
        format!("gets a list of rows (lists of integers) and returns a list with one number per row: the difference between the row's largest and smallest value, but at most {limit}, multiplied by {factor}. An empty row gives {blank}."),
        format!("returns, for each inner list, {factor} * min({limit}, max - min) of that inner list. Where an inner list is empty put {blank}. The results are returned as a list in the same order."),
        format!("measures the spread of every row of a table: biggest minus smallest entry, limited to {limit}, then times {factor}; {blank} for a row without entries. The output is a list as long as the table."),
    ]);
    let body = format!(
        "    out = []\n    for row in {{P}}:\n        if not row:\n            out.append({blank})\n        else:\n            out.append(min({limit}, max(row) - min(row)) * {factor})\n    return out\n"
    );
    let parts = Parts {
        names: &[
            "row_spread",
            "ranges_of",
            "spreads",
            "row_scores",
            "variation",
        ],
        parameter: d.pick(&["rows", "table", "matrix", "grid"]),
        what,
        cases: cases(&inputs, |rows| as_rows(rows), spread),
        body,
    };
    task(d, parts)
}
