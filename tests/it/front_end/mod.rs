//! The front end of the original server, replayed: what it requests, in its order and with its parameters,
//! below `/iib`, reading answers as strictly as it reads them (contract sections 14 and 18).
//!
//! Nothing a sequence sends is known beforehand but what a person types: paths, dates, cursors, ids of tags
//! and of jobs are those of earlier answers. Each sequence runs over two hundred images and over twenty
//! thousand. The page itself (`GET /iib`) and its scripts are no part of this.

#![allow(clippy::unwrap_used)]

/// Tests of these sequences over both libraries, beside others that change nothing either.
macro_rules! reading {
    ($($sequence:ident),+ $(,)?) => {
        mod over_200 {
            $(#[test] fn $sequence() { super::$sequence(&crate::front_end::served::SMALL); })+
        }
        mod over_20_000 {
            $(#[test] fn $sequence() { super::$sequence(&crate::front_end::served::BIG.read()); })+
        }
    };
}

/// Tests of these sequences over a small library of their own, and alone over the big one.
macro_rules! changing {
    ($($sequence:ident),+ $(,)?) => {
        mod on_200 {
            $(#[test] fn $sequence() {
                super::$sequence(&mut crate::front_end::served::Served::small());
            })+
        }
        mod on_20_000 {
            $(#[test] fn $sequence() {
                crate::front_end::served::alone(super::$sequence);
            })+
        }
    };
}

mod page;
mod shapes;
mod served;

mod first_load;
mod key;
mod browsing;
mod preview;
mod searching;
mod tagging;
mod topics;
mod organizing;
mod operations;
mod folders;
mod refusals;
