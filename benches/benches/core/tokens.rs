//! Counting the tokens of what a stream carries, one chunk at a time, and of a prompt.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use swan_core::tokens::{PromptTokens, TokenCounter};

pub(super) fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("tokens");
    for (name, chunk) in [("chunk_latin", " wonderful"), ("chunk_han", "早晨的公园")] {
        group.throughput(Throughput::Bytes(chunk.len() as u64));
        group.bench_function(name, |bencher| {
            let mut counter = TokenCounter::default();
            bencher.iter(|| counter.push(black_box(chunk)));
        });
    }
    let prompt = format!(
        r#"{{"messages":[{{"role":"user","content":"{}"}}]}}"#,
        "The quick brown fox jumps over the lazy dog. ".repeat(45)
    );
    group.throughput(Throughput::Bytes(prompt.len() as u64));
    group.bench_function("prompt_2kb", |bencher| {
        bencher.iter(|| PromptTokens::of_json(black_box(prompt.as_bytes())));
    });
    group.finish();
}
