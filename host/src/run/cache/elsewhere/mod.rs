//! Parts that another machine makes: a worker of a server of the Remote Execution API runs this program, which makes the part in
//! the usual confinement, with its inputs at the paths that they have here.
//!
//! [`action`] makes the action of a part, [`inputs`] its input root, [`order`] is what the worker gets with it, [`executor`]
//! has it run and judges the answer; [`worker`] is the other side.

mod action;
mod executor;
mod inputs;
mod order;
mod worker;

pub(super) use executor::{MadeElsewhere, PartExecutor};
pub(crate) use order::{INPUTS, MakeOrder, WorkerVerdict};
pub(crate) use worker::MakeFailure;
