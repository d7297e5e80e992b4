//! `nvidia-smi`.

use super::{Report, gigabytes, output};
use std::collections::BTreeMap;
use swan_core::protocol::Hardware;

const FIELDS: &str =
    "name,memory.total,memory.used,utilization.gpu,temperature.gpu,power.draw,driver_version";

/// `None` when there is no NVIDIA card or no driver for it.
pub(super) async fn report() -> Option<Report> {
    // Older drivers refuse the whole query when they do not know the last field.
    let full = query(&format!("{FIELDS},compute_cap")).await;
    let table = match full {
        Some(table) => table,
        None => query(FIELDS).await?,
    };
    let mut report = parse(&table)?;
    if let (Some(hardware), Some(banner)) =
        (report.hardware.as_mut(), output("nvidia-smi", &[]).await)
    {
        hardware.cuda_version = cuda_version(&banner).unwrap_or_default();
    }
    Some(report)
}

async fn query(fields: &str) -> Option<String> {
    let query = format!("--query-gpu={fields}");
    output("nvidia-smi", &[&query, "--format=csv,noheader,nounits"]).await
}

/// Reads one line a card; what a card does not tell (`[N/A]`, `[Not Supported]`) is left out.
fn parse(table: &str) -> Option<Report> {
    let cards: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split(',').map(str::trim).collect::<Vec<_>>())
        .filter(|card| card.len() >= 7)
        .collect();
    let first = cards.first()?;
    let text = |i: usize| {
        first
            .get(i)
            .filter(|t| !t.starts_with('['))
            .map_or("", |t| t)
    };
    // Unified memory is shown as not available: 0 means unknown, and must not read as "no memory".
    let smallest = cards
        .iter()
        .filter_map(|card| card.get(1)?.parse::<u64>().ok())
        .min();
    let hardware = Hardware {
        gpu_type: "nvidia".to_owned(),
        gpu_model: text(0).to_owned(),
        vram_gb: smallest.map_or(0, gigabytes),
        gpu_count: cards.len() as u64,
        compute_capability: text(7).to_owned(),
        driver_version: text(6).to_owned(),
        ..Hardware::default()
    };
    Some(Report {
        hardware: Some(hardware),
        metrics: metrics(&cards),
    })
}

fn metrics(cards: &[Vec<&str>]) -> BTreeMap<String, f64> {
    let mut metrics = BTreeMap::new();
    let (mut busy, mut full) = (Vec::new(), Vec::new());
    for (i, card) in cards.iter().enumerate() {
        let number = |field: usize| {
            card.get(field)?
                .parse::<f64>()
                .ok()
                .filter(|n| n.is_finite())
        };
        for (name, field) in [
            ("memory_total_mb", 1),
            ("memory_used_mb", 2),
            ("utilization", 3),
            ("temperature_c", 4),
            ("power_draw_w", 5),
        ] {
            if let Some(value) = number(field) {
                metrics.insert(format!("gpu_{i}_{name}"), value);
            }
        }
        busy.extend(number(3));
        if let (Some(total), Some(used)) = (number(1), number(2)) {
            full.extend((total > 0.0).then_some(used / total * 100.0));
        }
    }
    metrics.extend(mean(&busy).map(|n| ("gpu_utilization".to_owned(), n)));
    metrics.extend(mean(&full).map(|n| ("memory_utilization".to_owned(), n)));
    metrics
}

fn mean(numbers: &[f64]) -> Option<f64> {
    let count = u32::try_from(numbers.len()).ok().filter(|n| *n > 0)?;
    Some(numbers.iter().sum::<f64>() / f64::from(count))
}

/// The banner says for example `CUDA Version: 12.4`.
fn cuda_version(banner: &str) -> Option<String> {
    let (_, after) = banner.split_once("CUDA Version:")?;
    let version: String = after
        .trim_start()
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    (!version.is_empty()).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_cards_are_counted_and_averaged() {
        let table = "NVIDIA GeForce RTX 4090, 24564, 20000, 90, 61, 300.12, 550.54.14, 8.9\n\
                     NVIDIA GeForce RTX 4090, 24564, 4282, 10, 40, 50.00, 550.54.14, 8.9\n";
        let report = parse(table).unwrap();
        let hardware = report.hardware.unwrap();
        assert_eq!(hardware.gpu_model, "NVIDIA GeForce RTX 4090");
        assert_eq!((hardware.vram_gb, hardware.gpu_count), (24, 2));
        assert_eq!(hardware.compute_capability, "8.9");
        assert_eq!(report.metrics["gpu_utilization"], 50.0);
        assert_eq!(report.metrics["gpu_1_temperature_c"], 40.0);
        assert!((report.metrics["memory_utilization"] - 49.426).abs() < 0.01);
    }

    #[test]
    fn unified_memory_is_unknown_and_not_none() {
        let report = parse("NVIDIA GB10, [N/A], [N/A], 0, 40, [N/A], 580.95, 12.1").unwrap();
        let hardware = report.hardware.unwrap();
        assert_eq!((hardware.vram_gb, hardware.gpu_count), (0, 1));
        assert!(!report.metrics.contains_key("gpu_0_memory_total_mb"));
        assert!(!report.metrics.contains_key("memory_utilization"));
    }

    #[test]
    fn what_is_no_table_is_no_card() {
        for table in ["", "No devices were found\n", "a,b", "\n\n"] {
            assert_eq!(parse(table), None);
        }
    }

    #[test]
    fn the_cuda_version_stands_in_the_banner() {
        let banner = "| NVIDIA-SMI 550.54.14   Driver Version: 550.54.14   CUDA Version: 12.4   |";
        assert_eq!(cuda_version(banner).as_deref(), Some("12.4"));
        assert_eq!(cuda_version("CUDA Version: N/A"), None);
    }
}
