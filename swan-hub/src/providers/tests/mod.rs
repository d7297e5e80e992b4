//! The provider side as providers and stages see it: real sockets, scripted agents.

mod admission;
mod agent;
mod blame;
mod churn;
mod floods;
mod presence;
mod requests;
mod rig;
mod two_nodes;
mod upgrade;
mod v2;
