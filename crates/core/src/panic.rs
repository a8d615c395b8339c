//! A panic ends one answer, never a connection's task or the process.
//!
//! Nothing here may say what is answered instead.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;

/// A future panicked; the panic hook has already told where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Panicked;

/// Polls `future` to its end; a panic inside it becomes an error and the future is dropped.
pub async fn caught<T>(future: impl Future<Output = T>) -> Result<T, Panicked> {
    let mut future = pin!(future);
    poll_fn(|context| {
        // It is not polled again after a panic, so nothing sees what the panic left half done.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(_) => std::task::Poll::Ready(Err(Panicked)),
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Poll, Waker};

    fn run<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("it waits"),
        }
    }

    #[test]
    fn a_value_passes() {
        assert_eq!(run(caught(async { 1 })), Ok(1));
    }

    #[test]
    fn a_panic_is_an_error() {
        assert_eq!(run(caught(async { panic!("a bug") })), Err::<(), _>(Panicked));
    }
}
