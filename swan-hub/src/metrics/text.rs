//! The text that Prometheus reads, in its own format and in OpenMetrics'.

use std::fmt::{Display, Write as _};

use super::histogram::{BOUNDS, Counts};
use super::sizes::Sizes;

/// A text that grows by families.
#[derive(Debug)]
pub(super) struct Text {
    out: String,
    is_open_metrics: bool,
    name: &'static str,
}

/// The labels of one sample.
pub(super) type Labels<'a> = &'a [(&'a str, &'a str)];

impl Text {
    pub(super) const fn new(is_open_metrics: bool) -> Self {
        Self {
            out: String::new(),
            is_open_metrics,
            name: "",
        }
    }

    /// What can only go up. Samples end in `_total`.
    pub(super) fn counter(&mut self, name: &'static str, help: &str) {
        let suffix = if self.is_open_metrics { "" } else { "_total" };
        self.family(name, suffix, "counter", help);
    }

    pub(super) fn gauge(&mut self, name: &'static str, help: &str) {
        self.family(name, "", "gauge", help);
    }

    pub(super) fn histogram(&mut self, name: &'static str, help: &str) {
        self.family(name, "", "histogram", help);
    }

    fn family(&mut self, name: &'static str, suffix: &str, kind: &str, help: &str) {
        self.name = name;
        // Writing to a string does not fail.
        let _ = writeln!(
            self.out,
            "# HELP {name}{suffix} {help}\n# TYPE {name}{suffix} {kind}"
        );
    }

    /// One sample of a gauge.
    pub(super) fn value(&mut self, labels: Labels<'_>, value: impl Display) {
        self.sample("", labels, value);
    }

    /// One sample of a counter.
    pub(super) fn total(&mut self, labels: Labels<'_>, value: impl Display) {
        self.sample("_total", labels, value);
    }

    /// All samples of a histogram of times.
    pub(super) fn times(&mut self, labels: Labels<'_>, counts: &Counts) {
        let mut below = 0;
        for ((_, bound), count) in BOUNDS.iter().zip(counts.buckets) {
            below += count;
            let labels = [labels, &[("le", *bound)]].concat();
            self.sample("_bucket", &labels, below);
        }
        let all = below + counts.beyond;
        let labels_of_all = [labels, &[("le", "+Inf")]].concat();
        self.sample("_bucket", &labels_of_all, all);
        self.sample("_sum", labels, seconds(counts.sum_us));
        self.sample("_count", labels, all);
    }

    /// All samples of a histogram of counts.
    pub(super) fn sizes(&mut self, labels: Labels<'_>, sizes: &Sizes) {
        let (buckets, all, sum) = sizes.below();
        for (bound, below) in buckets {
            let bound = format!("{bound}.0");
            let labels = [labels, &[("le", bound.as_str())]].concat();
            self.sample("_bucket", &labels, below);
        }
        let labels_of_all = [labels, &[("le", "+Inf")]].concat();
        self.sample("_bucket", &labels_of_all, all);
        self.sample("_sum", labels, sum);
        self.sample("_count", labels, all);
    }

    fn sample(&mut self, suffix: &str, labels: Labels<'_>, value: impl Display) {
        let name = self.name;
        let _ = write!(self.out, "{name}{suffix}");
        for (number, (label, text)) in labels.iter().enumerate() {
            let before = if number == 0 { '{' } else { ',' };
            let _ = write!(self.out, "{before}{label}=\"");
            self.escaped(text);
            self.out.push('"');
        }
        if !labels.is_empty() {
            self.out.push('}');
        }
        let _ = writeln!(self.out, " {value}");
    }

    fn escaped(&mut self, text: &str) {
        for one in text.chars() {
            match one {
                '\\' => self.out.push_str("\\\\"),
                '"' => self.out.push_str("\\\""),
                '\n' => self.out.push_str("\\n"),
                other => self.out.push(other),
            }
        }
    }

    pub(super) fn end(mut self) -> String {
        if self.is_open_metrics {
            self.out.push_str("# EOF\n");
        }
        self.out
    }
}

/// Microseconds as seconds.
pub(super) fn seconds(us: u64) -> String {
    format!("{}.{:06}", us / 1_000_000, us % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_others_choose_cannot_end_their_quotes() {
        let mut text = Text::new(true);
        text.counter("swan_requests", "Requests.");
        text.total(&[("model", "a\"} 1\nb\\")], 7);
        assert_eq!(
            text.end(),
            "# HELP swan_requests Requests.\n# TYPE swan_requests counter\nswan_requests_total{model=\"a\\\"} 1\\nb\\\\\"} 7\n# EOF\n"
        );
    }

    #[test]
    fn each_bucket_counts_all_below_it() {
        let mut counts = Counts::default();
        (counts.buckets[0], counts.buckets[2], counts.beyond) = (2, 3, 1);
        counts.sum_us = 1_500_000;
        let mut text = Text::new(false);
        text.histogram("swan_seconds", "Times.");
        text.times(&[], &counts);
        let text = text.end();
        for line in [
            "swan_seconds_bucket{le=\"0.000025\"} 2\n",
            "swan_seconds_bucket{le=\"0.0001\"} 5\n",
            "swan_seconds_bucket{le=\"+Inf\"} 6\n",
            "swan_seconds_sum 1.500000\n",
            "swan_seconds_count 6\n",
        ] {
            assert!(text.contains(line), "{line} {text}");
        }
    }
}
