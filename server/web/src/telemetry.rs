//! Keeps the metrics of the `metrics` macros and writes them in Prometheus' text format.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use parking_lot::Mutex;

/// The upper bounds of a histogram's buckets, in seconds.
const BOUNDS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];
/// Maximum number of series of one metric, so that a label with untrusted values does not fill the memory.
const MAX_SERIES: usize = 1_000;

/// The metrics recorder. Cheap to clone.
#[derive(Clone, Default)]
pub struct Telemetry {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    described: BTreeMap<String, String>,
    counters: BTreeMap<Key, Arc<Number>>,
    gauges: BTreeMap<Key, Arc<Number>>,
    histograms: BTreeMap<Key, Arc<Buckets>>,
    /// Number of series of each metric.
    series: BTreeMap<String, usize>,
}

impl Telemetry {
    /// Installs this as the global metrics recorder. No-op if one is installed.
    #[must_use]
    pub fn install() -> Self {
        let telemetry = Self::default();
        if metrics::set_global_recorder(telemetry.clone()).is_err() {
            tracing::debug!("a metrics recorder is installed already");
        }
        telemetry
    }

    /// Returns all metrics in the text format.
    #[must_use]
    pub fn text(&self) -> String {
        let kept = self.kept.lock();
        let mut out = String::new();
        for (kind, numbers) in [("counter", &kept.counters), ("gauge", &kept.gauges)] {
            let mut last = "";
            for (key, number) in numbers {
                header(&mut out, &kept.described, &mut last, key.name(), kind);
                let value = number.get(kind == "counter");
                let _ = writeln!(out, "{}{} {value}", key.name(), labels(key, None));
            }
        }
        let mut last = "";
        for (key, buckets) in &kept.histograms {
            header(&mut out, &kept.described, &mut last, key.name(), "histogram");
            buckets.write(&mut out, key);
        }
        out
    }
}

impl Kept {
    /// Counts a new series. False if the metric has too many.
    fn reserve(&mut self, key: &Key) -> bool {
        let series = self.series.entry(key.name().to_owned()).or_default();
        let fits = *series < MAX_SERIES;
        *series += usize::from(fits);
        fits
    }
}

fn header<'k>(
    out: &mut String,
    described: &BTreeMap<String, String>,
    last: &mut &'k str,
    name: &'k str,
    kind: &str,
) {
    if *last != name {
        *last = name;
        let text = described.get(name).map(String::as_str);
        if let Some(text) = text.or_else(|| crate::metric_descriptions::help(name)) {
            let _ = writeln!(
                out,
                "# HELP {name} {}",
                text.replace('\\', "\\\\").replace('\n', "\\n")
            );
        }
        let _ = writeln!(out, "# TYPE {name} {kind}");
    }
}

fn labels(key: &Key, more: Option<(&str, &str)>) -> String {
    let own = key.labels().map(|label| (label.key(), label.value()));
    let all: Vec<String> = own
        .chain(more)
        .map(|(name, value)| {
            let value = value
                .replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('\n', "\\n");
            format!("{name}=\"{value}\"")
        })
        .collect();
    if all.is_empty() {
        String::new()
    } else {
        format!("{{{}}}", all.join(","))
    }
}

impl Recorder for Telemetry {
    fn describe_counter(&self, key: KeyName, _: Option<Unit>, text: SharedString) {
        self.kept
            .lock()
            .described
            .insert(key.as_str().to_owned(), text.into_owned());
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, text: SharedString) {
        self.describe_counter(key, unit, text);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, text: SharedString) {
        self.describe_counter(key, unit, text);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let mut kept = self.kept.lock();
        let known = kept.counters.get(key).cloned();
        match known {
            Some(number) => Counter::from_arc(number),
            None if !kept.reserve(key) => Counter::noop(),
            None => Counter::from_arc(kept.counters.entry(key.clone()).or_default().clone()),
        }
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        let mut kept = self.kept.lock();
        let known = kept.gauges.get(key).cloned();
        match known {
            Some(number) => Gauge::from_arc(number),
            None if !kept.reserve(key) => Gauge::noop(),
            None => Gauge::from_arc(kept.gauges.entry(key.clone()).or_default().clone()),
        }
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        let mut kept = self.kept.lock();
        let known = kept.histograms.get(key).cloned();
        match known {
            Some(buckets) => Histogram::from_arc(buckets),
            None if !kept.reserve(key) => Histogram::noop(),
            None => Histogram::from_arc(kept.histograms.entry(key.clone()).or_default().clone()),
        }
    }
}

/// The value of a counter, as an integer, or of a gauge, as the bits of a float.
#[derive(Default)]
struct Number(AtomicU64);

impl Number {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a counter beyond 2^53 may be off by one"
    )]
    fn get(&self, counter: bool) -> f64 {
        let bits = self.0.load(Ordering::Relaxed);
        if counter {
            bits as f64
        } else {
            f64::from_bits(bits)
        }
    }

    fn change(&self, change: impl Fn(f64) -> f64) {
        // The closure always gives a value, so this cannot fail.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |bits| {
            Some(change(f64::from_bits(bits)).to_bits())
        });
    }
}

impl CounterFn for Number {
    fn increment(&self, steps: u64) {
        self.0.fetch_add(steps, Ordering::Relaxed);
    }

    fn absolute(&self, value: u64) {
        self.0.fetch_max(value, Ordering::Relaxed);
    }
}

impl GaugeFn for Number {
    fn increment(&self, by: f64) {
        self.change(|value| value + by);
    }

    fn decrement(&self, by: f64) {
        self.change(|value| value - by);
    }

    fn set(&self, value: f64) {
        self.change(|_| value);
    }
}

#[derive(Default)]
struct Buckets {
    counts: [AtomicU64; BOUNDS.len()],
    all: AtomicU64,
    sum: Number,
}

impl Buckets {
    fn write(&self, out: &mut String, key: &Key) {
        let name = key.name();
        let mut below = 0;
        for (bound, count) in BOUNDS.iter().zip(&self.counts) {
            below += count.load(Ordering::Relaxed);
            let _ = writeln!(
                out,
                "{name}_bucket{} {below}",
                labels(key, Some(("le", &bound.to_string())))
            );
        }
        let all = self.all.load(Ordering::Relaxed);
        let _ = writeln!(out, "{name}_bucket{} {all}", labels(key, Some(("le", "+Inf"))));
        let _ = writeln!(out, "{name}_sum{} {}", labels(key, None), self.sum.get(false));
        let _ = writeln!(out, "{name}_count{} {all}", labels(key, None));
    }
}

impl HistogramFn for Buckets {
    fn record(&self, value: f64) {
        if let Some(bucket) = BOUNDS.iter().position(|bound| value <= *bound) {
            self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        }
        self.all.fetch_add(1, Ordering::Relaxed);
        self.sum.change(|sum| sum + value);
    }
}

#[cfg(test)]
mod tests {
    use metrics::with_local_recorder;

    use super::Telemetry;

    #[test]
    fn numbers_are_written_as_prometheus_reads_them() {
        let telemetry = Telemetry::default();
        with_local_recorder(&telemetry, || {
            metrics::describe_counter!("requests_total", "Requests.");
            metrics::counter!("requests_total", "status" => "200").increment(2);
            metrics::counter!("requests_total", "status" => "4\"0\\4").increment(1);
            metrics::gauge!("claims").set(3.5);
            metrics::histogram!("seconds").record(0.004);
            metrics::histogram!("seconds").record(60.0);
        });
        let text = telemetry.text();
        for line in [
            "# HELP requests_total Requests.",
            "# TYPE requests_total counter",
            "requests_total{status=\"200\"} 2",
            "requests_total{status=\"4\\\"0\\\\4\"} 1",
            "claims 3.5",
            "# TYPE seconds histogram",
            "seconds_bucket{le=\"0.0025\"} 0",
            "seconds_bucket{le=\"0.005\"} 1",
            "seconds_bucket{le=\"+Inf\"} 2",
            "seconds_sum 60.004",
            "seconds_count 2",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
        assert_eq!(text.matches("# TYPE requests_total").count(), 1);
    }

    #[test]
    fn the_number_of_series_is_limited() {
        let telemetry = Telemetry::default();
        with_local_recorder(&telemetry, || {
            for number in 0..20_000 {
                metrics::counter!("x", "label" => number.to_string()).increment(1);
            }
            metrics::counter!("y").increment(1);
        });
        let text = telemetry.text();
        assert!(text.lines().count() < 1_010);
        assert!(text.contains("\ny 1"), "other metrics are still counted");
    }
}
