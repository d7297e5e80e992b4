//! Benchmarks: items, numbers, scores and schedules (Seed 001, Quality Assurance).

mod errors;
mod items;
mod numbers;
mod schedule;
mod score;
