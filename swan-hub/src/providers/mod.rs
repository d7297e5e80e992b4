//! Provider sessions, presence and dispatch over the provider socket.
