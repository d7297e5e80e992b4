//! A request's way through the hub, one file a stage.
