use std::collections::BTreeMap;

use serde::Serialize;
use swan_core::{Amount, Currency, KeyId, ModelId, RequestId};

use super::{Grouping, UsageError};
use crate::documents::{Charged, Sum};
use crate::gateway::iso;

/// Groups that are in memory at once, at most: those of one period.
pub(crate) const GROUPS_MAX: usize = 50_000;

/// One row of an export. Its fields are the columns, in this order.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    /// When it was charged, or the period.
    pub(super) time: Option<String>,
    pub(super) request: Option<RequestId>,
    #[serde(rename = "key_id")]
    pub(super) key: Option<KeyId>,
    pub(super) model: Option<ModelId>,
    pub(super) requests: u64,
    pub(super) prompt_tokens: u64,
    pub(super) cached_tokens: u64,
    pub(super) completion_tokens: u64,
    pub(super) images: u64,
    pub(super) audio_ms: u64,
    pub(super) currency: &'static str,
    pub(super) cost: Amount,
}

/// What the rows of one group have in common.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    key: Option<KeyId>,
    model: Option<ModelId>,
    currency: Currency,
}

/// Makes rows of charges: each its own, or summed up. The groups of a period are ready once a later period begins.
#[derive(Debug)]
pub(super) struct Rows {
    grouping: Option<Grouping>,
    period: Option<String>,
    groups: BTreeMap<Group, Sum>,
    ready: Vec<Row>,
}

impl Rows {
    pub(super) const fn new(grouping: Option<Grouping>) -> Self {
        Self {
            grouping,
            period: None,
            groups: BTreeMap::new(),
            ready: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, charge: &Charged<'_>) -> Result<(), UsageError> {
        let Charged {
            entry,
            record,
            currency,
            ..
        } = *charge;
        let Some(grouping) = self.grouping else {
            let mut sum = Sum::default();
            sum.add(record, record.gross);
            let group = Group {
                key: record.key,
                model: Some(record.model.clone()),
                currency,
            };
            let request = entry.group.cause.request;
            self.ready
                .push(row(Some(iso(entry.at)), request, group, &sum));
            return Ok(());
        };
        let period = grouping.period.map(|period| period.of(entry.at));
        if period != self.period {
            self.finish();
            self.period = period;
        }
        let group = Group {
            key: record.key.filter(|_| grouping.by_key),
            model: grouping.by_model.then(|| record.model.clone()),
            currency,
        };
        if self.groups.len() >= GROUPS_MAX && !self.groups.contains_key(&group) {
            return Err(UsageError::Groups);
        }
        self.groups
            .entry(group)
            .or_default()
            .add(record, record.gross);
        Ok(())
    }

    /// The groups so far are whole.
    pub(super) fn finish(&mut self) {
        let groups = std::mem::take(&mut self.groups).into_iter();
        let rows = groups.map(|(group, sum)| row(self.period.clone(), None, group, &sum));
        self.ready.extend(rows);
    }

    /// The rows that are whole and were not taken yet.
    pub(super) fn ready(&mut self) -> Vec<Row> {
        std::mem::take(&mut self.ready)
    }
}

fn row(time: Option<String>, request: Option<RequestId>, group: Group, sum: &Sum) -> Row {
    Row {
        time,
        request,
        key: group.key,
        model: group.model,
        requests: sum.requests,
        prompt_tokens: sum.prompt_tokens,
        cached_tokens: sum.cached_tokens,
        completion_tokens: sum.completion_tokens,
        images: sum.images,
        audio_ms: sum.audio_ms,
        currency: group.currency.code(),
        cost: sum.cost,
    }
}
