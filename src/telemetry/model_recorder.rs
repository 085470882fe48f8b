//! A recorder of metrics that can forget a model: series with the label `model` are kept apart for each of its values.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_exporter_prometheus::PrometheusRecorder;

/// Label whose values are forgotten.
const MODEL_LABEL: &str = "model";

/// Makes one more recorder like the others.
type MakeRecorder = fn() -> PrometheusRecorder;

/// Recorder of the process.
pub(super) struct ModelRecorder {
    make: MakeRecorder,
    shared: PrometheusRecorder,
    models: RwLock<HashMap<String, Arc<PrometheusRecorder>>>,
    /// Given to the recorders that come later.
    descriptions: Mutex<Vec<Description>>,
}

struct Description {
    kind: DescribedKind,
    name: KeyName,
    text: SharedString,
}

#[derive(Clone, Copy)]
enum DescribedKind {
    Counter,
    Gauge,
    Histogram,
}

impl Description {
    fn give_to(&self, recorder: &PrometheusRecorder) {
        let (name, text) = (self.name.clone(), self.text.clone());
        match self.kind {
            DescribedKind::Counter => recorder.describe_counter(name, None, text),
            DescribedKind::Gauge => recorder.describe_gauge(name, None, text),
            DescribedKind::Histogram => recorder.describe_histogram(name, None, text),
        }
    }
}

impl ModelRecorder {
    pub(super) fn new(make: MakeRecorder) -> Self {
        Self { shared: make(), make, models: RwLock::default(), descriptions: Mutex::default() }
    }

    /// Forgets all series of a model. Handles of them count on, and are seen no more.
    pub(super) fn forget(&self, model: &str) {
        self.models.write().unwrap_or_else(PoisonError::into_inner).remove(model);
    }

    /// Writes all series in the Prometheus text format, each metric once.
    pub(super) fn render(&self) -> String {
        let mut families = BTreeMap::new();
        add_families(&mut families, &self.shared.handle().render());
        for recorder in self.all_of_models() {
            add_families(&mut families, &recorder.handle().render());
        }
        families.into_values().map(|Family { head, samples }| head + &samples + "\n").collect()
    }

    /// Folds what histograms gathered into their buckets.
    pub(super) fn upkeep(&self) {
        self.shared.handle().run_upkeep();
        self.all_of_models().iter().for_each(|recorder| recorder.handle().run_upkeep());
    }

    fn all_of_models(&self) -> Vec<Arc<PrometheusRecorder>> {
        self.models.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Runs with the recorder that a series belongs to.
    fn with<T>(&self, key: &Key, register: impl FnOnce(&PrometheusRecorder) -> T) -> T {
        let Some(model) = key.labels().find(|label| label.key() == MODEL_LABEL).map(metrics::Label::value) else {
            return register(&self.shared);
        };
        if let Some(recorder) = self.models.read().unwrap_or_else(PoisonError::into_inner).get(model) {
            return register(recorder);
        }
        let mut models = self.models.write().unwrap_or_else(PoisonError::into_inner);
        let recorder = models.entry(model.to_owned()).or_insert_with(|| {
            let recorder = (self.make)();
            self.descriptions().iter().for_each(|description| description.give_to(&recorder));
            Arc::new(recorder)
        });
        register(recorder)
    }

    fn describe(&self, kind: DescribedKind, name: KeyName, text: SharedString) {
        let description = Description { kind, name, text };
        description.give_to(&self.shared);
        self.all_of_models().iter().for_each(|recorder| description.give_to(recorder));
        self.descriptions().push(description);
    }

    fn descriptions(&self) -> MutexGuard<'_, Vec<Description>> {
        self.descriptions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recorder for ModelRecorder {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, text: SharedString) {
        self.describe(DescribedKind::Counter, name, text);
    }

    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, text: SharedString) {
        self.describe(DescribedKind::Gauge, name, text);
    }

    fn describe_histogram(&self, name: KeyName, _: Option<Unit>, text: SharedString) {
        self.describe(DescribedKind::Histogram, name, text);
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        self.with(key, |recorder| recorder.register_counter(key, metadata))
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.with(key, |recorder| recorder.register_gauge(key, metadata))
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        self.with(key, |recorder| recorder.register_histogram(key, metadata))
    }
}

/// The text of one metric.
struct Family {
    /// Help and type.
    head: String,
    samples: String,
}

/// Adds what one recorder wrote. In the format a metric stands in one place, whatever its labels.
fn add_families(families: &mut BTreeMap<String, Family>, text: &str) {
    for block in text.split("\n\n").map(str::trim).filter(|block| !block.is_empty()) {
        let is_head = |line: &&str| line.starts_with('#');
        let Some(name) = block.lines().find_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()) else {
            continue;
        };
        let lines =
            |head: bool| block.lines().filter(move |line| is_head(line) == head).map(|line| line.to_owned() + "\n");
        let family = families
            .entry(name.to_owned())
            .or_insert_with(|| Family { head: lines(true).collect(), samples: String::new() });
        family.samples.extend(lines(false));
    }
}

#[cfg(test)]
mod tests {
    use metrics::{counter, describe_counter, gauge, histogram};
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    #[test]
    fn a_forgotten_model_has_no_series_and_a_metric_stands_in_one_place() {
        let recorder = ModelRecorder::new(|| PrometheusBuilder::new().build_recorder());
        metrics::with_local_recorder(&recorder, || {
            describe_counter!("records", "Records");
            for model in ["a", "b"] {
                counter!("records", "model" => model).increment(2);
                histogram!("took", "model" => model).record(1.0);
            }
            counter!("records").increment(1);
            gauge!("up").set(1.0);
        });
        let text = recorder.render();
        for once in ["# HELP records Records\n# TYPE records counter\n", "# TYPE took summary", "# TYPE up gauge"] {
            assert_eq!(text.matches(once).count(), 1, "{text}");
        }
        for sample in ["\nrecords 1\n", "\nrecords{model=\"a\"} 2\n", "took_count{model=\"b\"} 1\n", "\nup 1\n"] {
            assert!(text.contains(sample), "{sample:?} in {text}");
        }
        recorder.forget("a");
        let text = recorder.render();
        assert!(!text.contains("model=\"a\"") && text.contains("records{model=\"b\"} 2\n"), "{text}");
        metrics::with_local_recorder(&recorder, || counter!("records", "model" => "a").increment(5));
        assert!(recorder.render().contains("records{model=\"a\"} 5\n"), "one of the same name begins anew");
    }
}
