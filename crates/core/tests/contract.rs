//! The files under `tests/contract/`, which the Python tests read too.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use bolt_core::param::{Coercer, Invalid, Time, Value};
use bolt_core::plan::{AppPlan, Argument, Body, Coerce, HandlerKind, Source};
use serde_json::{Value as Json, json};

#[test]
fn the_plan_is_read_and_uses_every_node() {
    let plan: AppPlan = serde_json::from_str(include_str!("../../../tests/contract/plan.json")).unwrap();
    let kinds: Vec<_> = plan.routes.iter().map(|route| route.kind).collect();
    for kind in [HandlerKind::Plain, HandlerKind::Coroutine, HandlerKind::Def, HandlerKind::Inline] {
        assert!(kinds.contains(&kind), "{kind:?}");
    }
    assert!(plan.routes.iter().any(|route| matches!(route.body, Some(Body::Raw))));
    assert!(plan.routes.iter().any(|route| matches!(route.body, Some(Body::Bytes { default: Some(_) }))));
    assert!(plan.routes.iter().any(|route| matches!(route.body, Some(Body::Json { default: None, .. }))));
    assert!(plan.routes.iter().any(|route| matches!(route.body, Some(Body::Json { default: Some(_), .. }))));

    let arguments: Vec<_> = plan.routes.iter().flat_map(|route| &route.args).collect();
    assert!(arguments.iter().any(|argument| matches!(argument, Argument::Request)));
    assert!(arguments.iter().any(|argument| matches!(argument, Argument::Body { field: Some(_) })));
    assert!(arguments.iter().any(|argument| matches!(argument, Argument::Group { .. })));
    let params: Vec<_> = arguments
        .iter()
        .filter_map(|argument| match argument {
            Argument::Param(param) => Some(param),
            _ => None,
        })
        .collect();
    for source in [Source::Path, Source::Query, Source::Header, Source::Cookie] {
        assert!(params.iter().any(|param| param.source == source), "{source:?}");
    }
    for param in params {
        Coercer::compile(&param.coerce).unwrap();
    }
    assert_eq!(plan.prefixes, ["/api"]);
    let limits = plan.server.limits;
    assert_eq!((limits.body, limits.json_depth, limits.query_fields), (2_621_440, 64, 1000));
}

#[test]
fn an_unknown_field_is_refused() {
    let mut plan: Json = serde_json::from_str(include_str!("../../../tests/contract/plan.json")).unwrap();
    plan["routes"][0]["args"][1]["coerce"]["surprise"] = json!(1);
    let error = serde_json::from_value::<AppPlan>(plan).unwrap_err();
    assert!(error.to_string().contains("surprise"), "{error}");
}

#[test]
fn every_case_is_coerced_as_the_contract_says() {
    let cases: Vec<Json> = serde_json::from_str(include_str!("../../../tests/contract/coerce.json")).unwrap();
    assert!(cases.len() > 100);
    for case in &cases {
        let plan: Coerce = serde_json::from_value(case["coerce"].clone()).unwrap();
        let coercer = Coercer::compile(&plan).unwrap();
        let outcome = match case["text"].as_str() {
            Some(text) => outcome_of_one(coercer.one(text)),
            None => outcome_of_many(&coercer, &case["texts"]),
        };
        for key in ["ok", "error", "errors"] {
            assert_eq!(outcome.get(key), case.get(key), "{case}");
        }
    }
}

fn outcome_of_one(result: Result<Value<'_>, Invalid>) -> Json {
    match result {
        Ok(value) => json!({ "ok": canonical(&value) }),
        Err(invalid) => json!({ "error": { "msg": invalid.msg, "type": invalid.kind.word() } }),
    }
}

fn outcome_of_many(coercer: &Coercer, texts: &Json) -> Json {
    let texts: Vec<&str> = texts.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
    match coercer.many(&mut texts.iter().copied()) {
        Ok(value) => json!({ "ok": canonical(&value) }),
        Err(refusals) => {
            let errors: Vec<Json> = refusals
                .iter()
                .map(|(index, invalid)| json!({ "index": index, "msg": invalid.msg, "type": invalid.kind.word() }))
                .collect();
            json!({ "errors": errors })
        }
    }
}

/// A value as `coerce.json` writes it: a tag and what rebuilds it.
fn canonical(value: &Value<'_>) -> Json {
    match value {
        Value::Str(text) => json!(["str", text]),
        Value::Int(number) => json!(["int", number.to_string()]),
        Value::BigInt(text) => json!(["int", text]),
        Value::Float(number) => json!(["float", python_float(*number)]),
        Value::Decimal(text) => json!(["decimal", text]),
        Value::Bool(value) => json!(["bool", value]),
        Value::Datetime(value) => {
            let date = date(value.date);
            json!(["datetime", format!("{date}T{}", time(&value.time))])
        }
        Value::Date(value) => json!(["date", date(*value)]),
        Value::Time(value) => json!(["time", time(value)]),
        Value::Timedelta { days, seconds, micros } => json!(["timedelta", days, seconds, micros]),
        Value::Uuid(number) => {
            let hex = format!("{number:032x}");
            let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
            json!(["uuid", parts.join("-")])
        }
        Value::Choice(object) => json!(["choice", object]),
        Value::List(items, into) => json!(["list", items.iter().map(canonical).collect::<Vec<_>>(), into]),
        Value::Convert { call, text } => json!(["convert", call, text]),
        Value::ConvertMany { call, texts } => json!(["convert_many", call, texts]),
    }
}

/// Python's `repr` of a float.
fn python_float(number: f64) -> String {
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap();
    match exponent.parse::<i32>().unwrap() {
        -4..16 => format!("{number:?}"),
        exponent if exponent < 0 => format!("{mantissa}e-{:02}", -exponent),
        exponent => format!("{mantissa}e+{exponent}"),
    }
}

fn date(date: bolt_core::param::Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year, date.month, date.day)
}

fn time(time: &Time) -> String {
    let mut text = format!("{:02}:{:02}:{:02}", time.hour, time.minute, time.second);
    if time.micro > 0 {
        text = format!("{text}.{:06}", time.micro);
    }
    if let Some(offset) = time.offset {
        let sign = if offset < 0 { '-' } else { '+' };
        let minutes = offset.abs() / 60;
        text = format!("{text}{sign}{:02}:{:02}", minutes / 60, minutes % 60);
    }
    text
}
