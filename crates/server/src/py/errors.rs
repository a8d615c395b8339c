//! Errors as they cross: field errors, exceptions to be answered.

use bolt_core::reply::{FieldError, Loc};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyString};

/// Reads `list[(loc, msg, type)]`, which is how Python hands field errors over.
pub(crate) fn from_python(errors: &Bound<'_, PyAny>) -> PyResult<Vec<FieldError>> {
    errors.try_iter()?.map(|error| field_error(&error?)).collect()
}

fn field_error(error: &Bound<'_, PyAny>) -> PyResult<FieldError> {
    let (loc, msg, kind): (Bound<'_, PyAny>, String, String) = error.extract()?;
    let loc = loc.try_iter()?.map(|part| location(&part?)).collect::<PyResult<_>>()?;
    Ok(FieldError::new(loc, msg, kind))
}

fn location(part: &Bound<'_, PyAny>) -> PyResult<Loc> {
    if let Ok(key) = part.cast::<PyString>() {
        // A key of a JSON body may hold a lone surrogate, which UTF-8 cannot.
        return Ok(Loc::Key(key.to_string_lossy().into_owned()));
    }
    match part.cast::<PyInt>() {
        Ok(index) => Ok(Loc::Index(index.extract()?)),
        Err(_) => Err(PyTypeError::new_err("a part of loc must be str or int")),
    }
}

/// What is said of a JSON body that is nested too deep.
pub(crate) fn too_deep(limit: usize) -> String {
    format!("expected JSON nested at most {limit} levels deep")
}

/// The exception with its traceback: before 3.12 the two are apart until they are asked for together.
pub(crate) fn exception<'py>(py: Python<'py>, error: &PyErr) -> Bound<'py, PyAny> {
    error.clone_ref(py).into_value(py).into_bound(py).into_any()
}
