//! Cases of one test that wait, at the same time: a test of time limits costs as long as its longest case, not as long as all
//! of them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// So many wait at once. More would compete for the processors, and limits of some hundred milliseconds would no longer hold.
const AT_ONCE: usize = 6;

/// Tries every case; fails if one fails, which says so itself.
pub(crate) fn together<T: Sync>(cases: &[T], test: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(cases.len()) {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    test(case);
                }
            });
        }
    });
}

#[test]
fn every_case_is_tried_once() {
    let cases: Vec<AtomicUsize> = (0..20).map(AtomicUsize::new).collect();
    together(&cases, |case| {
        case.fetch_add(100, Ordering::Relaxed);
    });
    let tried: Vec<usize> = cases.into_iter().map(AtomicUsize::into_inner).collect();
    assert_eq!(tried, (100..120).collect::<Vec<_>>());
}

#[test]
#[should_panic(expected = "a scoped thread panicked")]
fn one_case_that_fails_is_enough() {
    together(&[1, 2, 3], |case| assert_ne!(*case, 2));
}
