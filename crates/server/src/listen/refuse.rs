//! Connections that are not served: one too many, or none to be had; nothing here may look at a request.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::LINGER;
use super::socket::Plain;
use super::wire::closing_answer;

/// Pause after `accept` failed for want of descriptors (EMFILE): one is freed sooner or later.
const PAUSE: Duration = Duration::from_millis(50);
/// Time between two warnings of that.
const QUIET: Duration = Duration::from_secs(60);
/// Refused connections that are read until their clients close; more are closed at once.
const MOST_LINGERING: usize = 128;
/// When a refused client may try again.
const RETRY_AFTER: &str = "retry-after: 1\r\n";

/// What is known of refused connections.
#[derive(Default)]
pub(crate) struct Refused {
    lingering: Cell<usize>,
    warned: Cell<Option<Instant>>,
}

impl Refused {
    /// Answers 503 and closes.
    pub(crate) fn answer(self: &Rc<Self>, mut stream: Plain) {
        if self.lingering.get() >= MOST_LINGERING {
            return;
        }
        self.lingering.set(self.lingering.get() + 1);
        let this = Rc::clone(self);
        tokio::task::spawn_local(async move {
            let refuse = async {
                stream.write_all(&closing_answer(503, "Service Unavailable", RETRY_AFTER)).await?;
                stream.shutdown().await?;
                let mut scratch = [0; 1024];
                while stream.read(&mut scratch).await? > 0 {}
                io::Result::Ok(())
            };
            drop(tokio::time::timeout(LINGER, refuse).await);
            this.lingering.set(this.lingering.get().saturating_sub(1));
        });
    }

    /// Waits where another `accept` would fail as well.
    pub(crate) async fn pause(&self, error: &io::Error) {
        // The client was gone before it was accepted.
        if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted) {
            return;
        }
        let now = Instant::now();
        if self.warned.get().is_none_or(|warned| now.duration_since(warned) >= QUIET) {
            self.warned.set(Some(now));
            warn(error);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn warn(error: &io::Error) {
    let message = format!(
        "no connection can be accepted: {error}; raise the limit on open files (ulimit -n, LimitNOFILE=) \
         or lower BOLT[\"MAX_CONNECTIONS\"]"
    );
    Python::attach(|py| {
        let written = py
            .import("logging")
            .and_then(|logging| logging.call_method1("getLogger", ("django_bolt.server",)))
            .and_then(|logger| logger.call_method1("warning", ("%s", message)));
        if let Err(error) = written {
            error.write_unraisable(py, None);
        }
    });
}
