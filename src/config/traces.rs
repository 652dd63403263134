//! Whether traces go out, by the variables that OpenTelemetry names for every program; its SDK reads the rest of them.

use url::Url;

use super::ConfigError;

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
const TRACES_PROTOCOL: &str = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL";
const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
const SAMPLERS: [&str; 6] = [
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
];
const DISABLED: &str = "OTEL_SDK_DISABLED";

/// Is there a collector? What is wrong in a variable that is of use names it.
pub(super) fn go_out(vars: &[(String, String)]) -> Result<bool, ConfigError> {
    let is_on = value(vars, TRACES_ENDPOINT).or(value(vars, ENDPOINT)).is_some();
    let is_disabled = value(vars, DISABLED).is_some_and(|text| text.eq_ignore_ascii_case("true"));
    if !is_on || is_disabled {
        return Ok(false);
    }
    for name in [TRACES_ENDPOINT, ENDPOINT] {
        value(vars, name).map_or(Ok(()), |text| endpoint(name, text))?;
    }
    for name in [TRACES_PROTOCOL, PROTOCOL] {
        value(vars, name).map_or(Ok(()), |text| protocol(name, text))?;
    }
    match value(vars, SAMPLER).filter(|text| !SAMPLERS.contains(text)) {
        // The SDK would take everything and say nothing.
        Some(_) => Err(ConfigError::of_all(SAMPLER, format!("it is one of {}", SAMPLERS.join(", ")))),
        None => Ok(true),
    }
}

/// Empty means unset; what is not trimmed here, the SDK does not trim either.
fn value<'a>(vars: &'a [(String, String)], name: &str) -> Option<&'a str> {
    vars.iter().find(|(other, value)| other == name && !value.is_empty()).map(|(_, value)| value.as_str())
}

fn endpoint(name: &str, text: &str) -> Result<(), ConfigError> {
    let url = Url::parse(text).ok().filter(|url| ["http", "https"].contains(&url.scheme()));
    let Some(url) = url.filter(|_| text.trim() == text) else {
        return Err(ConfigError::of_all(name, "it is the http or https URL of a collector"));
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(ConfigError::of_all(name, "a password belongs into OTEL_EXPORTER_OTLP_HEADERS"));
    }
    Ok(())
}

fn protocol(name: &str, text: &str) -> Result<(), ConfigError> {
    let is_spoken = text == "http/protobuf";
    is_spoken.then_some(()).ok_or_else(|| ConfigError::of_all(name, "http/protobuf is the only one"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "http://127.0.0.1:4318";

    fn with(vars: &[(&str, &str)]) -> Result<bool, String> {
        let vars: Vec<_> =
            vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        go_out(&vars).map_err(|mistake| mistake.to_string())
    }

    #[test]
    fn traces_go_out_where_a_collector_is_named_and_nobody_says_no() {
        for (vars, go_out) in [
            (&[][..], false),
            (&[(ENDPOINT, HERE)], true),
            (&[(TRACES_ENDPOINT, HERE)], true),
            (&[(ENDPOINT, "")], false),
            (&[(ENDPOINT, HERE), (DISABLED, "true")], false),
            (&[(ENDPOINT, HERE), (DISABLED, "TRUE")], false),
            (&[(ENDPOINT, HERE), (DISABLED, "false")], true),
            (&[(ENDPOINT, HERE), (PROTOCOL, "http/protobuf")], true),
            (&[(ENDPOINT, HERE), (SAMPLER, "parentbased_traceidratio")], true),
            (&[(PROTOCOL, "grpc"), (SAMPLER, "some")], false),
        ] {
            assert_eq!(with(vars), Ok(go_out), "{vars:?}");
        }
    }

    #[test]
    fn a_mistake_names_its_variable_and_not_its_value() {
        for (name, value) in [
            (PROTOCOL, "grpc"),
            (PROTOCOL, "http/json"),
            (TRACES_PROTOCOL, "grpc"),
            (SAMPLER, "some"),
            (TRACES_ENDPOINT, "127.0.0.1:4318"),
            (TRACES_ENDPOINT, "ftp://127.0.0.1"),
            (TRACES_ENDPOINT, " http://127.0.0.1"),
            (TRACES_ENDPOINT, "http://somebody:hunter2@127.0.0.1"),
        ] {
            let mistake = with(&[(ENDPOINT, HERE), (name, value)]).unwrap_err();
            assert!(mistake.starts_with(&format!("{name}: ")) && !mistake.contains("hunter2"), "{mistake}");
        }
    }
}
