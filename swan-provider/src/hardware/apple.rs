//! Apple's chips, whose memory is shared by processor and GPU.

use super::{Report, output};
use std::collections::BTreeMap;
use swan_core::protocol::Hardware;

/// `None` on an Intel Mac, which has no GPU that counts here.
pub(super) async fn report() -> Option<Report> {
    let chip = output("sysctl", &["-n", "machdep.cpu.brand_string"]).await?;
    let memory = output("sysctl", &["-n", "hw.memsize"]).await?;
    let displays = output("system_profiler", &["SPDisplaysDataType", "-json"]).await;
    let hardware = parse(&chip, &memory, displays.as_deref())?;
    Some(Report {
        hardware: Some(hardware),
        metrics: BTreeMap::new(),
    })
}

fn parse(chip: &str, memory: &str, displays: Option<&str>) -> Option<Hardware> {
    let chip = chip.trim();
    if !chip.starts_with("Apple") {
        return None;
    }
    let bytes: u64 = memory.trim().parse().unwrap_or(0);
    let cores = displays.and_then(gpu_cores);
    Some(Hardware {
        gpu_type: "apple".to_owned(),
        gpu_model: cores.map_or(chip.to_owned(), |cores| {
            format!("{chip} ({cores} GPU cores)")
        }),
        vram_gb: bytes >> 30,
        gpu_count: 1,
        ..Hardware::default()
    })
}

fn gpu_cores(displays: &str) -> Option<String> {
    let displays: serde_json::Value = serde_json::from_str(displays).ok()?;
    let cards = displays.get("SPDisplaysDataType")?.as_array()?;
    let cores = cards
        .iter()
        .find_map(|card| card.get("sppci_cores")?.as_str())?;
    Some(cores.chars().take(8).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_apple_chip_has_one_gpu_with_all_the_memory() {
        let displays =
            r#"{"SPDisplaysDataType":[{"sppci_model":"Apple M3 Max","sppci_cores":"40"}]}"#;
        let hardware = parse("Apple M3 Max\n", "137438953472\n", Some(displays)).unwrap();
        assert_eq!(hardware.gpu_model, "Apple M3 Max (40 GPU cores)");
        assert_eq!((hardware.vram_gb, hardware.gpu_count), (128, 1));
        assert_eq!(
            parse("Apple M1\n", "garbage", Some("garbage"))
                .unwrap()
                .vram_gb,
            0
        );
    }

    #[test]
    fn an_intel_mac_has_none() {
        assert_eq!(parse("Intel(R) Core(TM) i7\n", "17179869184\n", None), None);
    }
}
