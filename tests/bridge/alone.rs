//! Tests that take all of the machine, or that measure: `make test` runs them after the others, one at a time. The others
//! wait for something most of the time, and run many at a time.

mod draining;
mod flood;
mod gibibytes;
mod same_time;
