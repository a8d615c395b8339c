//! The one file with `unsafe`: C API calls that PyO3 has no safe form for, and adopted descriptors.
//!
//! Every function here is safe to call; nothing here may know of HTTP.
#![allow(unsafe_code)]

use std::cell::{Ref, RefCell};
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::ptr::{self, NonNull};
use std::sync::atomic::AtomicU64;
use std::thread::{self, ThreadId};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyContext, PyTuple};
use pyo3::{Borrowed, ffi};
use rustix::mm::{MapFlags, ProtFlags, mmap, mmap_anonymous, munmap};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// What one step of a coroutine gave.
pub(crate) enum Step<'py> {
    /// It returned.
    Returned(Bound<'py, PyAny>),
    /// It suspended.
    Suspended,
}

/// Calls `callable(*args)`, the last `keywords.len()` of them by keyword.
///
/// A dynamic number of arguments through `vectorcall`: no tuple is built (0.1 µs less than
/// `call1` with three arguments).
pub(crate) fn call<'py>(
    callable: &Bound<'py, PyAny>,
    args: &[Bound<'py, PyAny>],
    keywords: Option<&Py<PyTuple>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = callable.py();
    let (positional, names) = match keywords {
        None => (args.len(), std::ptr::null_mut()),
        Some(names) => {
            let count = names.bind(py).len();
            (args.len().saturating_sub(count), names.as_ptr())
        }
    };
    // SAFETY: `Bound<PyAny>` is `repr(transparent)` over a non-null `PyObject` pointer, so the slice
    // is an array of borrowed object pointers that outlives the call; `names` is null or a tuple
    // of strings as long as the arguments behind the positional ones (checked when the route was built).
    unsafe {
        let result = ffi::PyObject_Vectorcall(callable.as_ptr(), args.as_ptr().cast(), positional, names);
        Bound::from_owned_ptr_or_err(py, result)
    }
}

/// Sends `None` into a coroutine once.
pub(crate) fn step<'py>(coroutine: &Bound<'py, PyAny>) -> PyResult<Step<'py>> {
    let py = coroutine.py();
    let mut result = std::ptr::null_mut();
    // SAFETY: `coroutine` is alive, `None` is immortal, `result` receives a new reference unless
    // the call failed, in which case the error indicator is set.
    unsafe {
        match ffi::PyIter_Send(coroutine.as_ptr(), ffi::Py_None(), &raw mut result) {
            ffi::PySendResult::PYGEN_RETURN => Ok(Step::Returned(Bound::from_owned_ptr_or_err(py, result)?)),
            ffi::PySendResult::PYGEN_NEXT => {
                drop(Bound::from_owned_ptr_or_err(py, result)?);
                Ok(Step::Suspended)
            }
            ffi::PySendResult::PYGEN_ERROR => Err(PyErr::fetch(py)),
        }
    }
}

/// Runs `body` inside a copy of the thread's current context (0.12 µs), so that what it sets
/// (`translation.activate`, a `ContextVar`) is gone with it.
pub(crate) fn in_copied_context<'py, T>(py: Python<'py>, body: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    // SAFETY: a new context is entered and left on this thread, in order; `context` keeps it alive.
    let context: Bound<'py, PyAny> = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyContext_CopyCurrent())? };
    in_context(context.cast::<PyContext>()?, body)
}

/// Runs `body` inside `context`, which no thread may be in.
fn in_context<T>(context: &Bound<'_, PyContext>, body: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    let py = context.py();
    // SAFETY: `context` is a context object; a failed enter sets the error indicator.
    if unsafe { ffi::PyContext_Enter(context.as_ptr()) } != 0 {
        return Err(PyErr::fetch(py));
    }
    let result = body();
    // SAFETY: it was entered above on this thread and every nested enter was left again.
    if unsafe { ffi::PyContext_Exit(context.as_ptr()) } != 0 {
        return Err(PyErr::fetch(py));
    }
    result
}

/// True when the object's type is exactly `kind` (a borrowed type pointer compare, no reference counts).
pub(crate) fn is_exactly(value: &Bound<'_, PyAny>, kind: Borrowed<'_, '_, PyAny>) -> bool {
    // SAFETY: reads the type pointer of a live object.
    unsafe { ffi::Py_TYPE(value.as_ptr()).cast::<ffi::PyObject>() == kind.as_ptr() }
}

/// Takes over a listening socket that Python has detached.
pub(crate) fn adopt_listener(descriptor: RawFd) -> OwnedFd {
    // SAFETY: Python's `socket.detach()` gave up the descriptor, so this is its only owner.
    unsafe { OwnedFd::from_raw_fd(descriptor) }
}

/// Takes over one end of a socket pair that Python has detached.
pub(crate) fn adopt_stream(descriptor: RawFd) -> UnixStream {
    // SAFETY: Python's `socket.detach()` gave up the descriptor, so this is its only owner.
    unsafe { UnixStream::from_raw_fd(descriptor) }
}

/// Runs `body` with the GIL released; unlike `Python::detach` it may use what belongs to this thread.
pub(crate) fn detached<T>(py: Python<'_>, body: impl FnOnce() -> T) -> T {
    struct Stays<T>(T);
    // SAFETY: `detach` calls its closure on the calling thread and returns the result there: nothing
    // moves to another thread. `Send` is only how it forbids carrying GIL-bound values inside,
    // and no caller captures a `Bound` or a `Python` (they could not be used: `attach` makes new ones).
    unsafe impl<T> Send for Stays<T> {}
    impl<T> Stays<T> {
        fn take(self) -> T {
            self.0
        }
    }
    let body = Stays(body);
    py.detach(move || Stays((body.take())())).take()
}

/// Watches what Python's `descriptor` is open on, through a descriptor of our own.
pub(crate) fn watch(descriptor: RawFd, interest: Interest) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: the caller's Python object keeps the descriptor open for the length of this call; the
    // duplicate is owned by the `AsyncFd`, which nobody can take it out of or close before it is deregistered.
    unsafe {
        let owned = BorrowedFd::borrow_raw(descriptor).try_clone_to_owned()?;
        AsyncFd::register_with_interest(owned, interest).map_err(io::Error::from)
    }
}

/// Words that all processes see which were forked since, or that map the same file.
pub(crate) struct SharedWords {
    address: NonNull<AtomicU64>,
    count: usize,
}

// SAFETY: it is memory of atomic words, at one address until it is dropped.
unsafe impl Send for SharedWords {}
// SAFETY: as above.
unsafe impl Sync for SharedWords {}

impl SharedWords {
    /// Words of memory that are all zero.
    pub(crate) fn anonymous(count: usize) -> io::Result<Self> {
        // SAFETY: the system chooses the place, and nobody else has it.
        let address = unsafe {
            mmap_anonymous(
                ptr::null_mut(),
                count * size_of::<u64>(),
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::SHARED,
            )
        }?;
        Self::at(address.cast(), count)
    }

    /// The words of Python's `descriptor`, a file of that size which cannot shrink.
    pub(crate) fn of(descriptor: RawFd, count: usize) -> io::Result<Self> {
        // SAFETY: the caller's Python object keeps the descriptor open for the length of this call; the system
        // chooses the place, and everybody who maps the file treats it as atomic words.
        let address = unsafe {
            let file = BorrowedFd::borrow_raw(descriptor);
            let length = count * size_of::<u64>();
            mmap(ptr::null_mut(), length, ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED, file, 0)
        }?;
        Self::at(address.cast(), count)
    }

    fn at(address: *mut AtomicU64, count: usize) -> io::Result<Self> {
        let address = NonNull::new(address).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { address, count })
    }

    pub(crate) fn words(&self) -> &[AtomicU64] {
        // SAFETY: so many words are mapped there, aligned to a page, until this is dropped; any bytes are a word.
        unsafe { std::slice::from_raw_parts(self.address.as_ptr(), self.count) }
    }
}

impl Drop for SharedWords {
    fn drop(&mut self) {
        // SAFETY: it was mapped with this length, and every slice of it is borrowed from `self`.
        let unmapped = unsafe { munmap(self.address.as_ptr().cast(), self.count * size_of::<u64>()) };
        debug_assert!(unmapped.is_ok());
    }
}

/// A value that only the thread that made it may touch or drop; Python may hold it anywhere.
pub(crate) struct ThreadBound<T> {
    thread: ThreadId,
    value: ManuallyDrop<RefCell<Option<T>>>,
}

// SAFETY: every access to the value, its drop included, checks that it is on the thread that made it.
unsafe impl<T> Send for ThreadBound<T> {}
// SAFETY: as above; a second thread gets an error, never a reference.
unsafe impl<T> Sync for ThreadBound<T> {}

impl<T> ThreadBound<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { thread: thread::current().id(), value: ManuallyDrop::new(RefCell::new(Some(value))) }
    }

    /// The value; `RuntimeError` on another thread and once it is closed.
    pub(crate) fn get(&self) -> PyResult<Ref<'_, T>> {
        let value = self.here()?.try_borrow().map_err(|_| PyRuntimeError::new_err("it is being closed"))?;
        Ref::filter_map(value, Option::as_ref).map_err(|_| PyRuntimeError::new_err("it is closed"))
    }

    /// Takes the value out; `RuntimeError` on another thread and while it is in use.
    pub(crate) fn take(&self) -> PyResult<Option<T>> {
        let mut value = self.here()?.try_borrow_mut().map_err(|_| PyRuntimeError::new_err("it is running"))?;
        Ok(value.take())
    }

    fn here(&self) -> PyResult<&RefCell<Option<T>>> {
        if thread::current().id() == self.thread {
            Ok(&self.value)
        } else {
            Err(PyRuntimeError::new_err("it belongs to the thread that made it"))
        }
    }
}

impl<T> Drop for ThreadBound<T> {
    fn drop(&mut self) {
        // On a foreign thread what was never closed is leaked: nothing there may touch it.
        if thread::current().id() == self.thread {
            // SAFETY: it is dropped here and nowhere else.
            unsafe { ManuallyDrop::drop(&mut self.value) }
        }
    }
}
