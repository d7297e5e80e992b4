//! What happens in the hub, for the integrator.
