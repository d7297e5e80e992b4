//! What must be true afterwards.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::consumer::Deeds;
use crate::Failure;

/// What memory may grow by in a minute of the second half, in MiB: caches that fill slowly, and no leak of a request.
const GROWTH_MIB_A_MINUTE: f64 = 1.0;
/// How long after the last request gauges may take to come to rest.
const REST: Duration = Duration::from_secs(10);
/// The gauges of work under way: each must be among the hub's figures, and at zero.
const UNDER_WAY: [&str; 6] = [
    "swan_in_flight",
    "swan_streams",
    "swan_holds",
    "swan_queue_waiting",
    "swan_slots_in_use",
    "swan_journal_queue",
];

/// Resident memory over time.
#[derive(Debug, Default)]
pub(super) struct Memory(Vec<(f64, f64)>);

impl Memory {
    pub(super) fn sample(&mut self, at: Duration, mib: f64) {
        self.0.push((at.as_secs_f64() / 60.0, mib));
    }

    /// MiB a minute over the second half, by least squares.
    fn slope(&self) -> f64 {
        let half = self.0.get(self.0.len() / 2..).unwrap_or_default();
        let (mut count, mut sums) = (0.0, (0.0, 0.0));
        for (x, y) in half {
            count += 1.0;
            sums = (sums.0 + x, sums.1 + y);
        }
        let means = (sums.0 / count, sums.1 / count);
        let (mut above, mut below) = (0.0, 0.0);
        for (x, y) in half {
            above += (x - means.0) * (y - means.1);
            below += (x - means.0) * (x - means.0);
        }
        if below > 0.0 { above / below } else { 0.0 }
    }

    fn at(&self, part: usize) -> f64 {
        let index = (self.0.len() * part / 2).min(self.0.len().saturating_sub(1));
        self.0.get(index).map_or(0.0, |(_, mib)| *mib)
    }
}

/// Everything that is known at the end.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) deeds: Deeds,
    pub(super) memory: Memory,
    pub(super) kills: u32,
    /// The gauges that are not at rest, or not there.
    pub(super) gauges: Vec<String>,
    /// What `audit --json` says.
    pub(super) audit: Value,
    /// What `account show --json` says.
    pub(super) accounts: Value,
    pub(super) judge_memory: bool,
}

impl Verdict {
    /// The report, and whether everything is right.
    pub(super) fn report(&self) -> (String, bool) {
        let mut text = String::from("| deed | times |\n|---|---|\n");
        for (what, times) in &self.deeds.counts {
            let _infallible = writeln!(text, "| {what} | {times} |");
        }
        let _infallible = writeln!(text, "| providers killed | {} |\n", self.kills);
        let mut passed = true;
        for (check, result) in [
            ("every answer was right", self.answers()),
            ("memory is flat", self.flat()),
            ("gauges are at rest", self.rest()),
            ("the audit is clean and nothing is held", self.clean()),
            ("the ledger charged what consumers saw", self.charges()),
        ] {
            let (mark, words) = match result {
                Ok(words) => ("yes", words),
                Err(words) => {
                    passed = false;
                    ("**NO**", words)
                }
            };
            let _infallible = writeln!(text, "* {check}: {mark}; {words}");
        }
        (text, passed)
    }

    fn answers(&self) -> Result<String, String> {
        match self.deeds.wrong.is_empty() {
            true => Ok("none was wrong".to_owned()),
            false => Err(self.deeds.wrong.join("\n  ")),
        }
    }

    fn flat(&self) -> Result<String, String> {
        let slope = self.memory.slope();
        let words = format!(
            "{:.1} MiB at the beginning, {:.1} in the middle, {:.1} at the end; {slope:.2} MiB a minute over the second half, of {GROWTH_MIB_A_MINUTE} allowed",
            self.memory.at(0),
            self.memory.at(1),
            self.memory.at(2),
        );
        match slope <= GROWTH_MIB_A_MINUTE || !self.judge_memory {
            true => Ok(words),
            false => Err(words),
        }
    }

    fn rest(&self) -> Result<String, String> {
        match self.gauges.is_empty() {
            true => Ok(format!("{} are at zero", UNDER_WAY.join(", "))),
            false => Err(self.gauges.join(", ")),
        }
    }

    fn clean(&self) -> Result<String, String> {
        let of = |name: &str| self.audit.get(name).cloned().unwrap_or_default();
        let words = format!(
            "{} entries, {} transfers, {} holds, {} pending",
            of("entries"),
            of("transfers"),
            of("holds"),
            of("pending")
        );
        match of("clean") == Value::Bool(true) && of("pending") == 0 {
            true => Ok(words),
            false => Err(format!("{words}: {}", of("breaches"))),
        }
    }

    /// What was seen was charged, and beyond it at most the price of answers whose ends nobody saw.
    fn charges(&self) -> Result<String, String> {
        let charged = charged(&self.accounts).ok_or("the accounts cannot be read")?;
        let deeds = &self.deeds;
        let most = deeds.seen + i128::from(deeds.unseen) * deeds.dearest;
        let words = format!(
            "{} pico-dollars seen, {charged} charged, {} requests left or broken of {} at most each",
            deeds.seen, deeds.unseen, deeds.dearest
        );
        match (deeds.seen..=most).contains(&charged) {
            true => Ok(words),
            false => Err(words),
        }
    }
}

fn charged(accounts: &Value) -> Option<i128> {
    let mut sum = 0;
    for account in accounts.as_array()? {
        for balance in account.get("balances")?.as_array()? {
            sum += pico(balance.get("charged")?.as_str()?)?;
        }
    }
    Some(sum)
}

/// An amount in pico-units.
pub(crate) fn pico(text: &str) -> Option<i128> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part: i128 = format!("{part:0<12}").parse().ok()?;
    Some(whole.parse::<i128>().ok()? * 1_000_000_000_000 + part)
}

/// What of the gauges of work under way does not come to rest.
pub(super) async fn gauges_at_rest(hub: SocketAddr) -> Result<Vec<String>, Failure> {
    let deadline = tokio::time::Instant::now() + REST;
    loop {
        let answer = get(hub, "/metrics").await?;
        if !answer.starts_with("HTTP/1.1 200") {
            let head = answer.lines().next().unwrap_or_default();
            return Err(format!("the hub does not show its figures: {head}").into());
        }
        let busy = busy(&answer);
        if busy.is_empty() || tokio::time::Instant::now() > deadline {
            return Ok(busy);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn busy(metrics: &str) -> Vec<String> {
    let mut busy = Vec::new();
    for gauge in UNDER_WAY {
        let kind = format!("# TYPE {gauge} gauge");
        if !metrics.lines().any(|line| line == kind) {
            busy.push(format!("{gauge} is not there"));
        }
    }
    let under_way = |line: &&str| {
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        UNDER_WAY.contains(&name) && !line.ends_with(" 0")
    };
    busy.extend(metrics.lines().filter(under_way).map(str::to_owned));
    busy
}

async fn get(hub: SocketAddr, path: &str) -> Result<String, Failure> {
    let mut socket = TcpStream::connect(hub).await?;
    let ask = format!("GET {path} HTTP/1.1\r\nHost: {hub}\r\nConnection: close\r\n\r\n");
    socket.write_all(ask.as_bytes()).await?;
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_counted_in_pico_units() {
        for (text, expected) in [
            ("0", Some(0)),
            ("1", Some(1_000_000_000_000)),
            ("0.000012", Some(12_000_000)),
            ("2.5", Some(2_500_000_000_000)),
            ("much", None),
        ] {
            assert_eq!(pico(text), expected, "{text}");
        }
    }

    #[test]
    fn growth_is_that_of_the_second_half() {
        let mut memory = Memory::default();
        for minute in 0..20_u32 {
            let mib = f64::from(minute.min(10)) * 5.0 + f64::from(minute.max(10)) * 0.5;
            memory.sample(Duration::from_secs(60 * u64::from(minute)), mib);
        }
        assert!((memory.slope() - 0.5).abs() < 1e-6, "{}", memory.slope());
    }

    #[test]
    fn gauges_of_work_under_way_must_be_there_and_at_zero() {
        let all = |in_flight: u32| {
            let rest = UNDER_WAY.iter().skip(1);
            let rest = rest.map(|name| format!("# TYPE {name} gauge\n{name} 0\n"));
            let first = format!(
                "# TYPE swan_in_flight gauge\nswan_in_flight {in_flight}\n# TYPE swan_in_flight_limit gauge\nswan_in_flight_limit 1000\n"
            );
            first + &rest.collect::<String>()
        };
        assert!(busy(&all(0)).is_empty(), "a limit is no work");
        assert_eq!(busy(&all(2)), ["swan_in_flight 2"]);
        let labelled = all(0).replace("swan_slots_in_use 0", "swan_slots_in_use{model=\"m\"} 1");
        assert_eq!(busy(&labelled), ["swan_slots_in_use{model=\"m\"} 1"]);
        let missing = all(0).replace("# TYPE swan_holds gauge", "# TYPE swan_held gauge");
        assert_eq!(busy(&missing), ["swan_holds is not there"]);
    }
}
