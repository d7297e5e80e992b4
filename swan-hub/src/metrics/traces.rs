//! What became of traces.

use super::text::Text;
use crate::hub::Shared;

pub(super) fn write(text: &mut Text, hub: &Shared) {
    let Some(telemetry) = &hub.telemetry else {
        return;
    };
    let (sent, lost) = telemetry.counts();
    text.counter("swan_traces_sent", "Traces that have arrived.");
    text.total(&[], sent);
    text.counter(
        "swan_traces_lost",
        "Traces that were refused, or dropped because more came than could be sent.",
    );
    text.total(&[], lost);
}
