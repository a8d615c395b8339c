use proptest::prelude::*;

use super::*;
use crate::reply::ErrorType;

fn coercer(json: &str) -> Coercer {
    Coercer::compile(&serde_json::from_str(json).unwrap()).unwrap()
}

fn many<'a>(coercer: &Coercer, texts: &[&'a str]) -> Result<Value<'a>, Vec<(Option<usize>, Invalid)>> {
    coercer.many(&mut texts.iter().copied())
}

#[test]
fn lists_coerce_every_item() {
    let list = coercer(r#"{"kind":"list","item":{"kind":"int","ge":0},"into":7}"#);
    assert!(list.is_list());
    assert_eq!(many(&list, &["1", "2"]), Ok(Value::List(vec![Value::Int(1), Value::Int(2)], Some(7))));
    assert_eq!(many(&list, &[]), Ok(Value::List(vec![], Some(7))));
    assert_eq!(list.one("3"), Ok(Value::List(vec![Value::Int(3)], Some(7))));
    assert_eq!(list.one("x"), Err(Invalid::of_type("expected int")));
    assert_eq!(
        many(&list, &["x", "1", "-1"]),
        Err(vec![(Some(0), Invalid::of_type("expected int")), (Some(2), Invalid::of_value("expected int >= 0"))])
    );
}

#[test]
fn a_list_has_a_length() {
    let list = coercer(r#"{"kind":"list","item":{"kind":"int"},"min_length":1,"max_length":2}"#);
    let refused = |msg: &'static str| Err(vec![(None, Invalid::of_value(msg))]);
    assert_eq!(many(&list, &[]), refused("expected array of length >= 1"));
    assert_eq!(many(&list, &["1", "x", "3"]), refused("expected array of length <= 2"));
    assert!(many(&list, &["1", "2"]).is_ok());
    let empty = coercer(r#"{"kind":"list","item":{"kind":"int"},"min_length":2}"#);
    assert_eq!(empty.one("1"), Err(Invalid::of_value("expected array of length >= 2")));
}

#[test]
fn a_list_of_lists_is_no_plan() {
    let plan = r#"{"kind":"list","item":{"kind":"list","item":{"kind":"int"}}}"#;
    assert!(Coercer::compile(&serde_json::from_str(plan).unwrap()).unwrap_err().contains("list of lists"));
}

#[test]
fn what_python_converts_passes_through() {
    let one = coercer(r#"{"kind":"convert","call":3,"many":false}"#);
    assert!(!one.is_list());
    assert_eq!(one.one("x"), Ok(Value::Convert { call: 3, text: "x" }));
    let all = coercer(r#"{"kind":"convert","call":3,"many":true}"#);
    assert!(all.is_list());
    assert_eq!(many(&all, &["x", "y"]), Ok(Value::ConvertMany { call: 3, texts: vec!["x", "y"] }));
    assert_eq!(all.one("x"), Ok(Value::ConvertMany { call: 3, texts: vec!["x"] }));
}

#[test]
fn a_scalar_takes_the_last_of_many() {
    let int = coercer(r#"{"kind":"int"}"#);
    assert_eq!(many(&int, &["x", "2"]), Ok(Value::Int(2)));
    assert_eq!(many(&int, &["2", "x"]), Err(vec![(None, Invalid::of_type("expected int"))]));
    assert_eq!(many(&int, &[]), Err(vec![(None, Invalid::of_type("expected a value"))]));
}

#[test]
fn a_union_takes_the_first_that_accepts() {
    let union = coercer(
        r#"{"kind":"union","items":[{"kind":"int","ge":5},{"kind":"bool"},{"kind":"choice","values":[["a",1],["b",2]]}]}"#,
    );
    assert_eq!(union.one("7"), Ok(Value::Int(7)));
    assert_eq!(union.one("1"), Ok(Value::Bool(true)));
    assert_eq!(union.one("b"), Ok(Value::Choice(2)));
    assert_eq!(union.one("c").unwrap_err().msg, "expected one of 'a', 'b'");
    assert_eq!(union.one("3").unwrap_err().msg, "expected int | bool | one of 'a', 'b'");
    assert_eq!(union.one("3").unwrap_err().kind, ErrorType::ValueError);
    let types = coercer(r#"{"kind":"union","items":[{"kind":"float"},{"kind":"date"},{"kind":"int","le":1}]}"#);
    assert_eq!(types.one("x"), Err(Invalid::of_type("expected float | date | int")));
    let lists = coercer(
        r#"{"kind":"union","items":[{"kind":"list","item":{"kind":"int"}},{"kind":"list","item":{"kind":"bool"}}]}"#,
    );
    assert!(lists.is_list());
    assert_eq!(many(&lists, &["1", "no"]), Ok(Value::List(vec![Value::Bool(true), Value::Bool(false)], None)));
    assert_eq!(many(&lists, &["x"]), Err(vec![(None, Invalid::of_type("expected array | array"))]));
}

#[test]
fn one_choice_is_named_alone() {
    let choice = coercer(r#"{"kind":"choice","values":[["it's",1]]}"#);
    assert_eq!(choice.one(""), Err(Invalid::of_value("expected \"it's\"")));
}

#[test]
fn a_regular_expression_for_python_is_an_error() {
    let plan = serde_json::from_str(r#"{"kind":"str","pattern":"(?=a)"}"#).unwrap();
    assert!(Coercer::compile(&plan).is_err());
}

proptest! {
    #[test]
    fn nothing_panics(text in any::<String>(), near in "[-+.0-9eE:TZPDa-f{}]{0,40}") {
        for kind in ["str", "int", "float", "decimal", "bool", "datetime", "date", "time", "timedelta", "uuid"] {
            let coercer = coercer(&format!("{{\"kind\":\"{kind}\"}}"));
            for text in [&text, &near] {
                if let Err(invalid) = coercer.one(text) {
                    let expected = if kind == "str" { "must not contain NUL".to_owned() } else { format!("expected {kind}") };
                    prop_assert_eq!(invalid.msg, expected);
                }
            }
        }
    }

    #[test]
    fn every_int_comes_back(number in any::<i64>()) {
        let text = number.to_string();
        prop_assert_eq!(coercer(r#"{"kind":"int"}"#).one(&text), Ok(Value::Int(number)));
    }

    #[test]
    fn every_double_comes_back(number in any::<f64>()) {
        let text = format!("{number:e}");
        prop_assert_eq!(coercer(r#"{"kind":"float"}"#).one(&text), Ok(Value::Float(number)));
    }

    #[test]
    fn every_uuid_comes_back(number in any::<u128>()) {
        let text = format!("{number:032x}");
        prop_assert_eq!(coercer(r#"{"kind":"uuid"}"#).one(&text), Ok(Value::Uuid(number)));
    }
}
