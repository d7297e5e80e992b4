//! One command that brings up a whole market on this machine.
