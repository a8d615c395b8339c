//! Media types of bodies.

/// True for `application/json` and any `…+json`, in any case, with or without parameters.
pub fn is_json(content_type: &str) -> bool {
    let media = content_type.split(';').next().unwrap_or_default().trim();
    let Some((kind, subtype)) = media.split_once('/') else {
        return false;
    };
    if kind.is_empty() || subtype.contains(|c: char| c == '/' || c.is_whitespace()) {
        return false;
    }
    if kind.eq_ignore_ascii_case("application") && subtype.eq_ignore_ascii_case("json") {
        return true;
    }
    subtype.rsplit_once('+').is_some_and(|(name, suffix)| !name.is_empty() && suffix.eq_ignore_ascii_case("json"))
}

#[cfg(test)]
mod tests {
    use super::is_json;

    #[test]
    fn json_and_its_relatives() {
        for media in [
            "application/json",
            "Application/JSON; charset=utf-8",
            " application/json ;x",
            "application/problem+json",
            "application/vnd.api+JSON",
            "model/gltf+json",
        ] {
            assert!(is_json(media), "{media}");
        }
    }

    #[test]
    fn nothing_else() {
        for media in [
            "",
            "json",
            "text/json",
            "text/plain",
            "application/jsonx",
            "application/+json",
            "/json",
            "/x+json",
            "application/json/x",
            "application/x-www-form-urlencoded",
            "text/plain; a=application/json",
            "application/json-seq",
            "text/plain application/x+json",
        ] {
            assert!(!is_json(media), "{media}");
        }
    }
}
