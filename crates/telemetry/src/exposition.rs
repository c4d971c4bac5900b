//! What a page of metrics says, as OTLP has it.
//!
//! Why from the page: whoever compares the two finds the same figures under the same names, because
//! they are the same figures. A second registry beside the first would cost its part with every
//! count, and differ on the day when it matters.
//!
//! Invariants: every sample of the page is in exactly one point. A line that cannot be read is left
//! out, never guessed.

mod page;

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, Sum,
    Summary, SummaryDataPoint,
};
use page::{Family, Labels, Sample};

/// From when to when, in nanoseconds since 1970.
type Span = (u64, u64);

/// All metrics of a page.
pub(crate) fn metrics(text: &str, span: Span) -> Vec<Metric> {
    page::families(text).into_iter().map(|family| metric(family, span)).collect()
}

/// How many points a metric has.
pub(crate) fn point_count(metric: &Metric) -> u64 {
    let count = match &metric.data {
        Some(Data::Gauge(gauge)) => gauge.data_points.len(),
        Some(Data::Sum(sum)) => sum.data_points.len(),
        Some(Data::Histogram(histogram)) => histogram.data_points.len(),
        Some(Data::ExponentialHistogram(histogram)) => histogram.data_points.len(),
        Some(Data::Summary(summary)) => summary.data_points.len(),
        None => 0,
    };
    count as u64
}

fn metric(family: Family, span: Span) -> Metric {
    let Family { name, help, kind, samples } = family;
    let cumulative = AggregationTemporality::Cumulative as i32;
    let unit = if name.contains("_seconds") {
        "s"
    } else if name.contains("_bytes") {
        "By"
    } else {
        ""
    };
    let data = match &*kind {
        "counter" => Data::Sum(Sum {
            data_points: samples.into_iter().map(|sample| number(sample, span)).collect(),
            aggregation_temporality: cumulative,
            is_monotonic: true,
        }),
        "histogram" => Data::Histogram(Histogram {
            data_points: grouped(&name, samples, "le").into_iter().map(|g| g.bars(span)).collect(),
            aggregation_temporality: cumulative,
        }),
        "summary" => {
            let groups = grouped(&name, samples, "quantile").into_iter();
            Data::Summary(Summary { data_points: groups.map(|g| g.summary(span)).collect() })
        }
        _ => Data::Gauge(Gauge {
            data_points: samples.into_iter().map(|sample| number(sample, span)).collect(),
        }),
    };
    Metric {
        name,
        description: help,
        unit: unit.to_owned(),
        metadata: Vec::new(),
        data: Some(data),
    }
}

fn number(sample: Sample, (began, now): Span) -> NumberDataPoint {
    let value = match sample.text.parse::<i64>() {
        Ok(whole) => Value::AsInt(whole),
        Err(_) => Value::AsDouble(sample.value),
    };
    NumberDataPoint {
        attributes: attributes(sample.labels),
        start_time_unix_nano: began,
        time_unix_nano: now,
        value: Some(value),
        ..NumberDataPoint::default()
    }
}

/// The samples of one histogram or summary that differ in one label alone.
struct Group {
    labels: Labels,
    /// That label as a number, and what is counted there.
    steps: Vec<(f64, f64)>,
    sum: f64,
    count: f64,
}

fn grouped(name: &str, samples: Vec<Sample>, by: &str) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for mut sample in samples {
        let at = sample.labels.iter().position(|(label, _)| label == by);
        let step = at.map(|at| sample.labels.remove(at).1).and_then(|text| text.parse().ok());
        let n = match groups.iter().rposition(|group| group.labels == sample.labels) {
            Some(n) => n,
            None => {
                let labels = sample.labels;
                groups.push(Group { labels, steps: Vec::new(), sum: 0.0, count: 0.0 });
                groups.len() - 1
            }
        };
        let Some(group) = groups.get_mut(n) else { continue };
        match (sample.name.strip_prefix(name), step) {
            (Some("_sum"), _) => group.sum = sample.value,
            (Some("_count"), _) => group.count = sample.value,
            (_, Some(step)) => group.steps.push((step, sample.value)),
            _ => {}
        }
    }
    groups
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a page's counts are whole, and exact up to 2^53"
)]
const fn whole(count: f64) -> u64 {
    count as u64
}

impl Group {
    /// A page's buckets hold all that is not above them; OTLP's hold what is in none before.
    fn bars(self, (began, now): Span) -> HistogramDataPoint {
        let mut below = 0;
        let bucket_counts = self.steps.iter().map(|(_, sum)| {
            let count = whole(*sum).saturating_sub(below);
            below = whole(*sum);
            count
        });
        HistogramDataPoint {
            bucket_counts: bucket_counts.collect(),
            explicit_bounds: self
                .steps
                .iter()
                .map(|step| step.0)
                .filter(|b| b.is_finite())
                .collect(),
            attributes: attributes(self.labels),
            start_time_unix_nano: began,
            time_unix_nano: now,
            count: whole(self.count),
            sum: Some(self.sum),
            ..HistogramDataPoint::default()
        }
    }

    fn summary(self, (began, now): Span) -> SummaryDataPoint {
        let steps = self.steps.iter();
        SummaryDataPoint {
            quantile_values: steps
                .map(|(quantile, value)| ValueAtQuantile { quantile: *quantile, value: *value })
                .collect(),
            attributes: attributes(self.labels),
            start_time_unix_nano: began,
            time_unix_nano: now,
            count: whole(self.count),
            sum: self.sum,
            ..SummaryDataPoint::default()
        }
    }
}

fn attributes(labels: Labels) -> Vec<KeyValue> {
    let attribute = |(key, value): (String, String)| KeyValue {
        key,
        value: Some(AnyValue { value: Some(Any::StringValue(value)) }),
        ..KeyValue::default()
    };
    labels.into_iter().map(attribute).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# HELP appends_total Appends.\n# TYPE appends_total counter\n\
        appends_total{context=\"a\\\"b\",outcome=\"made\"} 7\n\
        # TYPE heads gauge\nheads -1.5\n\
        # TYPE took_seconds histogram\n\
        took_seconds_bucket{k=\"x\",le=\"0.1\"} 2\ntook_seconds_bucket{k=\"x\",le=\"1\"} 2\n\
        took_seconds_bucket{k=\"x\",le=\"+Inf\"} 5\ntook_seconds_sum{k=\"x\"} 9.5\n\
        took_seconds_count{k=\"x\"} 5\n\
        # TYPE waits summary\nwaits{quantile=\"0.5\"} 3\nwaits_sum 6\nwaits_count 2\n";

    fn at(metrics: &[Metric], n: usize) -> &Metric {
        metrics.get(n).expect("it is there")
    }

    #[test]
    fn every_sample_is_found_under_its_name_with_its_labels() {
        let metrics = metrics(PAGE, (1, 2));
        let names: Vec<&str> = metrics.iter().map(|metric| &*metric.name).collect();
        assert_eq!(names, ["appends_total", "heads", "took_seconds", "waits"]);
        assert_eq!(metrics.iter().map(point_count).sum::<u64>(), 4);
        let Some(Data::Sum(sum)) = &at(&metrics, 0).data else { panic!("a counter is a sum") };
        assert!(sum.is_monotonic);
        let point = sum.data_points.first().expect("one");
        assert_eq!(point.value, Some(Value::AsInt(7)));
        assert_eq!((point.start_time_unix_nano, point.time_unix_nano), (1, 2));
        let labels = [("context", "a\"b"), ("outcome", "made")];
        let labels = labels.map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec();
        assert_eq!(point.attributes, attributes(labels));
        let Some(Data::Gauge(gauge)) = &at(&metrics, 1).data else { panic!("a gauge") };
        assert_eq!(gauge.data_points.first().and_then(|p| p.value), Some(Value::AsDouble(-1.5)));
        let Some(Data::Summary(waits)) = &at(&metrics, 3).data else { panic!("a summary") };
        let waits = waits.data_points.first().expect("one");
        assert_eq!((waits.count, waits.quantile_values.len()), (2, 1));
    }

    #[test]
    fn buckets_are_not_summed_up_any_more() {
        let metrics = metrics(PAGE, (1, 2));
        assert_eq!(at(&metrics, 2).unit, "s");
        let Some(Data::Histogram(histogram)) = &at(&metrics, 2).data else { panic!("a histogram") };
        let point = histogram.data_points.first().expect("one");
        assert_eq!(point.explicit_bounds, [0.1, 1.0]);
        assert_eq!(point.bucket_counts, [2, 0, 3]);
        assert_eq!((point.count, point.sum), (5, Some(9.5)));
    }
}
