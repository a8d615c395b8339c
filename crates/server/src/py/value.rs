//! Coerced values → Python objects; nothing here may decide what is valid.

use bolt_core::param::{Time, Value};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDate, PyDateTime, PyDelta, PyDict, PyFloat, PyList, PyString, PyTime, PyTzInfo};

use crate::app::Compiled;

/// Makes the Python object; an exception comes from a converter of the plan.
pub(crate) fn to_python<'py>(py: Python<'py>, app: &Compiled, value: &Value<'_>) -> PyResult<Bound<'py, PyAny>> {
    let constructors = &app.hooks.constructors;
    Ok(match value {
        Value::Str(text) => PyString::new(py, text).into_any(),
        Value::Int(number) => number.into_pyobject(py)?.into_any(),
        Value::BigInt(digits) => constructors.int.bind(py).call1((*digits,))?,
        Value::Float(number) => PyFloat::new(py, *number).into_any(),
        Value::Decimal(text) => constructors.decimal.bind(py).call1((*text,))?,
        Value::Bool(truth) => PyBool::new(py, *truth).to_owned().into_any(),
        Value::Date(date) => PyDate::new(py, date.year, date.month, date.day)?.into_any(),
        Value::Datetime(moment) => {
            let (date, time) = (moment.date, moment.time);
            let zone = zone(py, time)?;
            PyDateTime::new(
                py,
                date.year,
                date.month,
                date.day,
                time.hour,
                time.minute,
                time.second,
                time.micro,
                zone.as_ref(),
            )?
            .into_any()
        }
        Value::Time(time) => {
            let zone = zone(py, *time)?;
            PyTime::new(py, time.hour, time.minute, time.second, time.micro, zone.as_ref())?.into_any()
        }
        Value::Timedelta { days, seconds, micros } => PyDelta::new(py, *days, *seconds, *micros, false)?.into_any(),
        Value::Uuid(number) => {
            let keywords = PyDict::new(py);
            keywords.set_item(pyo3::intern!(py, "int"), number)?;
            constructors.uuid.bind(py).call((), Some(&keywords))?
        }
        Value::Choice(index) => app.object(py, *index)?.clone(),
        Value::List(items, into) => {
            let list = PyList::empty(py);
            for item in items {
                list.append(to_python(py, app, item)?)?;
            }
            match into {
                Some(index) => app.object(py, *index)?.call1((list,))?,
                None => list.into_any(),
            }
        }
        Value::Convert { call, text } => app.object(py, *call)?.call1((*text,))?,
        Value::ConvertMany { call, texts } => app.object(py, *call)?.call1((PyList::new(py, texts)?,))?,
    })
}

fn zone(py: Python<'_>, time: Time) -> PyResult<Option<Bound<'_, PyTzInfo>>> {
    match time.offset {
        None => Ok(None),
        Some(0) => PyTzInfo::utc(py).map(|utc| Some(utc.to_owned())),
        Some(offset) => {
            let (days, seconds) = (offset.div_euclid(86_400), offset.rem_euclid(86_400));
            PyTzInfo::fixed_offset(py, PyDelta::new(py, days, seconds, 0, false)?).map(Some)
        }
    }
}
