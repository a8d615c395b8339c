//! Backends, compiled once: the plan's nodes with the secrets that crossed beside it. Nothing here may look at a request.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use bolt_core::auth::jwt::Verifier;
use bolt_core::auth::{ApiKeys, Authenticator};
use bolt_core::plan::{Backend, ObjectRef};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyString};

/// Every backend of the plan, and what is wanted of those whose keys come from elsewhere.
pub(crate) struct Backends {
    authenticators: Vec<Authenticator>,
    wanted: Mutex<Wanted>,
    bell: Condvar,
}

#[derive(Default)]
struct Wanted {
    backends: BTreeSet<usize>,
    woken: bool,
}

impl Backends {
    /// Compiles the plan's; `ValueError` with a sentence where a key cannot be used.
    pub(crate) fn compile(py: Python<'_>, plan: Vec<Backend>, objects: &[Py<PyAny>]) -> PyResult<Self> {
        let find = |index: ObjectRef| {
            objects
                .get(index)
                .map(|object| object.bind(py))
                .ok_or_else(|| PyValueError::new_err(format!("the plan refers to object {index}, which did not cross")))
        };
        let authenticators = plan.into_iter().map(|backend| match backend {
            Backend::Python => Ok(Authenticator::Python),
            Backend::ApiKey { header, keys } => {
                let pairs: Vec<(String, PyBackedBytes)> = find(keys)?.extract()?;
                let keys = pairs.iter().map(|(key, claims)| (key.as_bytes(), &**claims));
                let keys = ApiKeys::new(keys).map_err(PyValueError::new_err)?;
                Ok(Authenticator::ApiKey { header, keys })
            }
            Backend::Jwt(plan) => {
                let keys = plan.key.map_or_else(|| Ok(Vec::new()), |index| find(index).and_then(secrets))?;
                let verifier = Verifier::new(&plan, &keys)
                    .map_err(|found| PyValueError::new_err(format!("JWTAuthentication: {found}")))?;
                Ok(Authenticator::Jwt { header: plan.header, cookie: plan.cookie, verifier: Box::new(verifier) })
            }
        });
        let authenticators = authenticators.collect::<PyResult<_>>()?;
        Ok(Self { authenticators, wanted: Mutex::default(), bell: Condvar::new() })
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Authenticator> {
        self.authenticators.get(index)
    }

    /// Replaces the keys of a backend; returns how many can be used.
    pub(crate) fn set_keys(&self, index: usize, keys: &[u8]) -> Result<usize, String> {
        match self.get(index) {
            Some(Authenticator::Jwt { verifier, .. }) => verifier.set_keys(keys),
            _ => Err(format!("found keys for backend {index}, expected one of tokens")),
        }
    }

    /// Rings where a token named a key that a backend does not have.
    pub(crate) fn ring(&self, index: usize, verifier: &Verifier) {
        if verifier.take_missed() {
            self.wanted.lock().unwrap_or_else(PoisonError::into_inner).backends.insert(index);
            self.bell.notify_all();
        }
    }

    /// Ends a wait.
    pub(crate) fn wake(&self) {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner).woken = true;
        self.bell.notify_all();
    }

    /// Waits until a backend lacks a key, or for so long; returns those that lack one.
    pub(crate) fn wait(&self, most: Duration) -> Vec<usize> {
        let wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        let quiet = |wanted: &mut Wanted| wanted.backends.is_empty() && !wanted.woken;
        let (mut wanted, _) = self.bell.wait_timeout_while(wanted, most, quiet).unwrap_or_else(PoisonError::into_inner);
        wanted.woken = false;
        std::mem::take(&mut wanted.backends).into_iter().collect()
    }
}

/// The bytes of each `str` or `bytes` of a list.
fn secrets(list: &Bound<'_, PyAny>) -> PyResult<Vec<Vec<u8>>> {
    let bytes = |object: PyResult<Bound<'_, PyAny>>| {
        let object = object?;
        if let Ok(bytes) = object.cast::<PyBytes>() {
            return Ok(bytes.as_bytes().to_vec());
        }
        Ok(object.cast::<PyString>()?.to_str()?.as_bytes().to_vec())
    };
    list.try_iter()?.map(bytes).collect()
}
