//! Tests that drive the program as a user does: its command line, its files, its signals.
//!
//! One program for all of them, so that it is linked once. A module for each subject; what several need is in
//! `tests/support`.

mod bringing_back;
mod builds;
mod comparison;
mod compile;
mod distributions;
mod doctor;
mod editor;
mod index;
mod faults;
mod hostile_guests;
mod interrupts;
mod kept;
mod languages;
mod native_guests;
mod other_programs;
mod ownership;
mod packages;
mod parallel;
mod part_cache;
mod python;
mod python_recipes;
mod reaching_guests;
mod rebootstrap;
mod remote_executor;
mod sharing;
mod small_programs;
mod terminal;
mod trust;
