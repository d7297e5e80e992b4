//! Real sockets, scripted agents.
