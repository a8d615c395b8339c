//! The access log on its way out: a worker's buffer, and the thread that writes. What a line says is the core's.
//!
//! The worker only appends bytes. A destination that is slow, or gone, costs lines, which are counted, never a request.

use std::cell::{Cell, RefCell};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, channel, sync_channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bolt_core::log::{Event, Lines};
use bolt_core::plan::{AccessLog, LogFormat};
use pyo3::prelude::*;

/// Bytes after which a batch is handed over.
const BATCH: usize = 64 * 1024;
/// Batches that may wait for the writer; beyond that the worker keeps one more, and then drops lines.
const WAITING: usize = 8;
/// How long a line may wait for its batch to fill.
const DELAY: Duration = Duration::from_millis(200);
/// How long the end of a worker waits for the last lines to be written.
const LAST: Duration = Duration::from_secs(1);
/// Most bytes that a pipe takes as one, so that processes which share it do not cut each other's lines.
const PIPE: usize = 4096;
/// Pause before a full descriptor that does not block is tried again.
const FULL: Duration = Duration::from_millis(10);

/// One worker's log.
pub(crate) struct Log {
    lines: RefCell<Lines>,
    batch: RefCell<Vec<u8>>,
    /// Lines dropped since the last line that said so.
    dropped: Cell<u64>,
    /// Whether a task waits to hand the batch over.
    armed: Cell<bool>,
    /// `None` once it is finished.
    sender: RefCell<Option<SyncSender<Vec<u8>>>>,
    /// Ends when the writer does.
    written: RefCell<Option<Receiver<()>>>,
}

/// Where batches go.
enum Destination {
    /// A file, in one write for each batch.
    File(File),
    /// A pipe, a socket or a terminal, in writes of whole lines that are small enough to go as one.
    Stream(File),
    /// `emit(lines)`: Python's logging.
    Python(Py<PyAny>),
    /// Standard output is closed.
    Nowhere,
}

impl Log {
    /// Opens the destination and starts its writer. `emit` takes the lines that go to Python's logging.
    pub(crate) fn start(plan: &AccessLog, emit: Py<PyAny>) -> io::Result<Rc<Self>> {
        let destination = Destination::open(plan, emit)?;
        let (sender, receiver) = sync_channel(WAITING);
        let (ended, written) = channel();
        std::thread::Builder::new().name("bolt-access-log".to_owned()).spawn(move || {
            destination.take_all(&receiver);
            drop(ended);
        })?;
        Ok(Rc::new(Self {
            lines: RefCell::new(Lines::new(plan)),
            batch: RefCell::new(Vec::with_capacity(BATCH)),
            dropped: Cell::new(0),
            armed: Cell::new(false),
            sender: RefCell::new(Some(sender)),
            written: RefCell::new(Some(written)),
        }))
    }

    /// Notes one request.
    pub(crate) fn request(self: &Rc<Self>, event: &Event<'_>) {
        let mut batch = self.batch.borrow_mut();
        if batch.len() >= BATCH && !self.hand_over(&mut batch) {
            self.dropped.set(self.dropped.get() + 1);
            return;
        }
        let mut lines = self.lines.borrow_mut();
        let now = now();
        if self.dropped.get() > 0 {
            lines.dropped(&mut batch, self.dropped.take(), now);
        }
        lines.request(&mut batch, event, now);
        if !self.armed.replace(true) {
            let log = Rc::clone(self);
            tokio::task::spawn_local(async move {
                tokio::time::sleep(DELAY).await;
                log.armed.set(false);
                log.flush();
            });
        }
    }

    /// Notes what was refused before there was a request.
    pub(crate) fn refusal(self: &Rc<Self>, client: Option<SocketAddr>, status: u16) {
        self.request(&Event {
            client: client.map(|address| address.ip().to_canonical()),
            method: "-",
            path: "-",
            query: None,
            version: "-",
            status,
            bytes: None,
            referer: None,
            user_agent: None,
            duration: Duration::ZERO,
            request_id: b"-",
        });
    }

    /// Hands over what is there; what cannot be handed over waits for the next line, or the end.
    fn flush(&self) -> bool {
        let mut batch = self.batch.borrow_mut();
        batch.is_empty() || self.hand_over(&mut batch)
    }

    /// Gives the batch to the writer and starts a new one; false: the writer has too much to do.
    fn hand_over(&self, batch: &mut Vec<u8>) -> bool {
        let sender = self.sender.borrow();
        let Some(sender) = sender.as_ref() else { return false };
        match sender.try_send(std::mem::take(batch)) {
            Ok(()) => {
                batch.reserve(BATCH);
                true
            }
            Err(TrySendError::Full(kept) | TrySendError::Disconnected(kept)) => {
                *batch = kept;
                false
            }
        }
    }

    /// Writes what is left, as far as that is possible in a second.
    pub(crate) fn finish(&self, py: Python<'_>) {
        if self.dropped.get() > 0 {
            self.lines.borrow_mut().dropped(&mut self.batch.borrow_mut(), self.dropped.take(), now());
        }
        let end = Instant::now() + LAST;
        while !self.flush() && Instant::now() < end {
            py.detach(|| std::thread::sleep(FULL));
        }
        // The writer ends when there is nobody left to send.
        drop(self.sender.take());
        if let Some(written) = self.written.take() {
            py.detach(move || {
                // It ends, or it does not in time: there is nobody to tell.
                let _ = written.recv_timeout(end.saturating_duration_since(Instant::now()));
            });
        }
    }
}

impl Destination {
    fn open(plan: &AccessLog, emit: Py<PyAny>) -> io::Result<Self> {
        if plan.format == LogFormat::Logging {
            return Ok(Self::Python(emit));
        }
        if let Some(path) = &plan.file {
            return OpenOptions::new().append(true).create(true).open(path).map(Self::of);
        }
        // A duplicate: Python's own stdout is left alone, buffers and all.
        let stdout = io::stdout();
        Ok(stdout.as_fd().try_clone_to_owned().map_or(Self::Nowhere, |stdout| Self::of(File::from(stdout))))
    }

    fn of(file: File) -> Self {
        match file.metadata() {
            Ok(metadata) if metadata.is_file() => Self::File(file),
            _ => Self::Stream(file),
        }
    }

    /// Writes batches until there are no more. The first failure is told on standard error.
    fn take_all(mut self, batches: &Receiver<Vec<u8>>) {
        let mut told = false;
        for batch in batches {
            if let Err(error) = self.take(&batch)
                && !told
            {
                told = true;
                drop(writeln!(io::stderr(), "The access log cannot be written: {error}"));
            }
        }
    }

    fn take(&mut self, batch: &[u8]) -> io::Result<()> {
        match self {
            Self::File(file) => write(file, batch),
            Self::Stream(file) => pieces(batch).try_for_each(|piece| write(file, piece)),
            Self::Python(emit) => {
                Python::attach(|py| emit.bind(py).call1((batch,)).map(drop)).map_err(io::Error::other)
            }
            Self::Nowhere => Ok(()),
        }
    }
}

/// As `write_all`, but a descriptor that does not block and is full is tried again.
fn write(file: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(FULL),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whole lines, as many at once as a pipe takes.
fn pieces(batch: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = batch;
    std::iter::from_fn(move || {
        let window = rest.get(..PIPE).unwrap_or(rest);
        let end = match window.iter().rposition(|byte| *byte == b'\n') {
            Some(at) => at + 1,
            // A line longer than that, or none that ends.
            None => rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1),
        };
        let (piece, after) = rest.split_at_checked(end)?;
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
