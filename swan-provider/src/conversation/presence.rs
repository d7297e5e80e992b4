//! What the hub knows of this provider: its introduction, its models, how they are, that it lives.

use super::{Arc, Conversation, Event, Heartbeat, Instant, Registered, shown};
use swan_core::Clock;

impl Conversation {
    pub(super) fn on_registered(&mut self, registered: Registered) {
        let first = self.registered_at.is_none();
        self.registered_at.get_or_insert_with(Instant::now);
        let mut message = shown(&registered.message);
        if let Some(upgrade) = &registered.upgrade {
            let note = format!("version {} is out: {}", upgrade.latest, upgrade.message);
            message = [message, shown(&note)].join(" ").trim().to_owned();
        }
        self.emit(&Event::Registered {
            provider_id: registered.provider_id,
            offered: self.offered.models.clone(),
            accepted: registered.registered_models,
            message,
        });
        if first {
            self.reported = self.around.roster.borrow().health();
            self.session.health(self.clock.now(), &self.reported);
        }
    }

    pub(super) fn introduce(&mut self) {
        let roster = Arc::clone(&self.around.roster.borrow_and_update());
        let machine = self.around.machine.borrow().clone();
        self.offered = self
            .around
            .introduction
            .registration(&roster, machine.hardware.as_ref());
        self.session
            .register(self.clock.now(), self.offered.clone());
    }

    /// Models came or went: the hub is told at once, by a new registration or a word about their health.
    pub(super) fn on_roster(&mut self) {
        if self.stop_by.is_some() {
            return;
        }
        let roster = Arc::clone(&self.around.roster.borrow_and_update());
        let hardware = self.around.machine.borrow().hardware.clone();
        let offer = self
            .around
            .introduction
            .registration(&roster, hardware.as_ref());
        if offer != self.offered {
            self.offered = offer.clone();
            self.session.register(self.clock.now(), offer);
        }
        let health = roster.health();
        if self.session.is_registered() && health != self.reported {
            self.session.health(self.clock.now(), &health);
            self.reported = health;
        }
    }

    pub(super) fn beat(&mut self) {
        let roster = Arc::clone(&self.around.roster.borrow());
        let machine = self.around.machine.borrow().clone();
        let mut metrics = machine.metrics;
        for (name, value) in [
            ("active_requests", roster.active()),
            ("total_requests", self.served),
        ] {
            // Counts stay far below the 2^53 up to which an f64 is exact.
            metrics.insert(
                name.to_owned(),
                f64::from(u32::try_from(value).unwrap_or(u32::MAX)),
            );
        }
        let heartbeat = Heartbeat {
            metrics,
            models: self.offered.models.clone(),
            model_health: roster.health(),
            hardware: machine.hardware,
            ..Heartbeat::default()
        };
        self.session.heartbeat(self.clock.now(), &heartbeat);
    }
}
