//! Who fails far more often than the others of a model. Looked for in a task of its own, never while a request waits.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use swan_core::health::{HealthRules, OutlierDetector, Tally};
use swan_core::{ModelId, ProviderId, Timestamp};

use super::link::Link;

/// One detector for each model that is served.
#[derive(Debug)]
pub(crate) struct Outliers {
    rules: Arc<HealthRules>,
    detectors: Mutex<HashMap<ModelId, OutlierDetector>>,
}

impl Outliers {
    /// Nobody has been judged yet.
    pub(crate) fn new(rules: Arc<HealthRules>) -> Self {
        Self {
            rules,
            detectors: Mutex::default(),
        }
    }

    /// Judges the providers of each model, whose links come in the order of their providers, and ejects the outliers.
    pub(crate) fn sweep<'a>(
        &self,
        models: impl Iterator<Item = (&'a ModelId, &'a [Arc<Link>])>,
        now: Timestamp,
    ) {
        let mut before = self.detectors.lock();
        // Only what is served now is taken over, so that models which come and go leave nothing behind.
        let mut after = HashMap::with_capacity(before.len());
        for (model, links) in models {
            let mut detector = before.remove(model).unwrap_or_default();
            self.judge(&mut detector, links, model, now);
            after.insert(model.clone(), detector);
        }
        *before = after;
    }

    fn judge(
        &self,
        detector: &mut OutlierDetector,
        links: &[Arc<Link>],
        model: &ModelId,
        now: Timestamp,
    ) {
        // The nodes of one provider share their vitals.
        let providers = links.chunk_by(|one, next| one.provider == next.provider);
        let tallies: Vec<(ProviderId, Tally)> = providers
            .filter_map(|nodes| nodes.first())
            .map(|link| (link.provider, link.vitals.refresh(now)))
            .collect();
        for ejection in detector.sweep(&tallies, now, &self.rules) {
            tracing::info!(
                provider = %ejection.provider, %model, success_ppm = ejection.success_ppm,
                requests = ejection.requests, until = ejection.until.as_millis(),
                "a provider fails far more often than the others, and is left out for a while"
            );
            let first = links.partition_point(|link| link.provider < ejection.provider);
            if let Some(link) = links.get(first) {
                link.vitals.eject(ejection.until);
            }
        }
    }
}
