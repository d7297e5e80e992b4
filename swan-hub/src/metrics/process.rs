//! What the system says of this process; nothing where it has no `/proc`.

use std::fs;

use super::text::Text;

/// Clock ticks a second in `/proc`, which Linux fixes for all programs.
const TICKS: u64 = 100;

pub(super) fn write(text: &mut Text) {
    if let Some(bytes) = resident_bytes() {
        text.gauge("process_resident_memory_bytes", "Memory of the process.");
        text.value(&[], bytes);
    }
    if let Some(ticks) = cpu_ticks() {
        text.counter("process_cpu_seconds", "Processor time of the process.");
        text.total(&[], format_args!("{}.{:02}", ticks / TICKS, ticks % TICKS));
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        text.gauge("process_open_fds", "Open file descriptors.");
        text.value(&[], open.count());
    }
    if let Some(most) = max_fds() {
        text.gauge("process_max_fds", "File descriptors that may be open.");
        text.value(&[], most);
    }
}

fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1_024)
}

/// Of the process in both modes: fields 14 and 15, counted after the name, which may hold anything.
fn cpu_ticks() -> Option<u64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

fn max_fds() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}
