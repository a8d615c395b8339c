//! `Watched`: a connection with an end to each wait for its client; nothing here may look at bytes.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bolt_core::connection::Expired;
use pin_project_lite::pin_project;
use tokio::task::unconstrained;
use tokio::time::{Sleep, sleep_until};

use super::Open;
use super::wire::{Connection, Shared};

pin_project! {
    /// Runs a connection to its end, or to the end of the client's time.
    ///
    /// A struct, since an `async fn` would hold the connection's two kilobytes three times.
    pub(super) struct Watched<F> {
        #[pin]
        connection: F,
        #[pin]
        alarm: Alarm,
        shared: Shared,
        _open: Open,
    }
}

impl<F: Future> Watched<F> {
    pub(super) fn new(connection: F, shared: Shared, open: Open) -> Self {
        let alarm = Alarm { sleep: sleep_until(Instant::now().into()), set: None };
        Self { connection, alarm, shared, _open: open }
    }
}

impl<F: Future> Future for Watched<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        loop {
            // What a client does to its connection is no event for a log.
            if this.connection.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
            ready!(this.alarm.as_mut().poll(context, &this.shared.0));
            let expired = this.shared.0.progress.borrow_mut().expire();
            match expired {
                Expired::Close => return Poll::Ready(()),
                Expired::Refuse(refusal) => this.shared.refuse(refusal),
                Expired::Body => {}
            }
        }
    }
}

pin_project! {
    /// One timer for every deadline of a connection. It is set again only when it went off early or
    /// would go off late, so most requests do not touch it.
    struct Alarm {
        #[pin]
        sleep: Sleep,
        set: Option<Instant>,
    }
}

impl Alarm {
    /// Ready once a deadline has passed.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>, connection: &Connection) -> Poll<()> {
        let mut progress = connection.progress.borrow_mut();
        if progress.is_patient() {
            return Poll::Pending;
        }
        let now = Instant::now();
        let Some(due) = progress.due(now, &connection.rules) else { return Poll::Pending };
        if due <= now {
            return Poll::Ready(());
        }
        if self.set.is_some_and(|set| now < set && set <= due) {
            return Poll::Pending;
        }
        let mut this = self.project();
        this.sleep.as_mut().reset(due.into());
        *this.set = Some(due);
        // A task that has used up its turn must still be woken by the timer.
        pin!(unconstrained(this.sleep)).poll(context)
    }
}
