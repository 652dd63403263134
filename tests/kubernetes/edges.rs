//! Who reaches what: each edge its own host, the proxy alone, and Prometheus the admin port.

use serde_json::{Value, json};

use super::overlay::Overlay;

const PROTECTED: &str = "sidecar";

#[test]
fn each_edge_answers_for_the_issuers_host_and_no_other() {
    for overlay in Overlay::all() {
        let issuer = overlay.issuer();
        let host = issuer.strip_prefix("https://").unwrap();
        let hosts = if overlay.edge == "ingress" {
            let spec = &overlay.one("Ingress", "mcp")["spec"];
            assert_eq!(spec["defaultBackend"], Value::Null);
            assert_eq!(spec["ingressClassName"], overlay.site);
            assert_eq!(spec["tls"][0]["hosts"], json!([host]));
            spec["rules"].as_array().unwrap().iter().map(|rule| &rule["host"]).collect()
        } else {
            let spec = &overlay.one("HTTPRoute", "mcp")["spec"];
            assert_eq!(spec["parentRefs"].as_array().unwrap().len(), 1);
            assert_eq!(spec["parentRefs"][0]["namespace"], format!("edge-{}", overlay.site));
            spec["hostnames"].as_array().unwrap().iter().collect::<Vec<&Value>>()
        };
        assert_eq!(hosts, [host], "{} {}", overlay.site, overlay.edge);
        let edges = overlay.kinds().into_iter().filter(|kind| ["Ingress", "HTTPRoute"].contains(kind));
        assert_eq!(edges.count(), 1);
    }
}

#[test]
fn an_issuer_of_your_own_is_the_host_of_your_edge() {
    for (edge, kind, path) in
        [("ingress", "Ingress", "/spec/rules/0/host"), ("httproute", "HTTPRoute", "/spec/hostnames/0")]
    {
        let overlay = Overlay::render("public", edge, |folder| {
            let file = folder.join("public/site.env");
            let text = std::fs::read_to_string(&file).unwrap();
            std::fs::write(file, text.replace("mcp.example.com", "tools.company.example")).unwrap();
        });
        assert_eq!(overlay.one(kind, "mcp").pointer(path).unwrap(), "tools.company.example");
    }
}

/// The address that limits count is the one that the edge saw, which stands second from the right.
#[test]
fn two_proxies_append_to_the_forwarded_addresses() {
    for overlay in Overlay::all() {
        assert_eq!(overlay.variable("MCP_AUTH_FORWARDED_HOPS").as_deref(), Some("2"));
    }
}

#[test]
fn nothing_but_the_proxy_is_reached_by_an_edge_and_the_admin_port_by_prometheus_alone() {
    for overlay in Overlay::all() {
        let policy = &overlay.one("NetworkPolicy", "mcp")["spec"];
        assert_eq!(policy["podSelector"], json!({"matchLabels": {"mcp-auth": PROTECTED}}));
        assert_eq!(policy["policyTypes"], json!(["Ingress"]));
        let namespace = |name: &str| json!({"matchLabels": {"kubernetes.io/metadata.name": name}});
        let prometheus = json!({"matchLabels": {"app.kubernetes.io/name": "prometheus"}});
        assert_eq!(
            policy["ingress"],
            json!([
                {"from": [{"namespaceSelector": namespace(&format!("edge-{}", overlay.site))}],
                 "ports": [{"protocol": "TCP", "port": 4180}]},
                {"from": [{"namespaceSelector": namespace("monitoring"), "podSelector": prometheus}],
                 "ports": [{"protocol": "TCP", "port": 8081}]},
            ])
        );
        let ours =
            overlay.kind("Service").filter(|service| service["spec"]["selector"]["mcp-auth"] == PROTECTED);
        let ports: Vec<_> = ours
            .map(|service| (&service["metadata"]["name"], &service["spec"]["ports"][0]["targetPort"]))
            .collect();
        assert_eq!(ports, [(&json!("mcp"), &json!(4180)), (&json!("mcp-metrics"), &json!(8081))]);
        assert_eq!(overlay.variable("MCP_AUTH_LISTEN").as_deref(), Some("127.0.0.1:8080"));
    }
}

#[test]
fn more_than_one_replica_shares_a_redis_and_one_alone_remembers_for_itself() {
    for overlay in Overlay::all() {
        let replicas = &overlay.one("Deployment", "mcp-server")["spec"]["replicas"];
        let scaler = overlay.kind("HorizontalPodAutoscaler").next();
        let several = scaler.is_some() || replicas.as_i64().is_some_and(|replicas| replicas > 1);
        let store = overlay.variable("MCP_AUTH_STORE").unwrap_or_else(|| "memory".to_owned());
        assert_eq!((several, store.starts_with("redis://")), (overlay.site == "public", several), "{store}");
        if let Some(scaler) = scaler {
            assert_eq!(scaler["spec"]["scaleTargetRef"]["name"], "mcp-server");
            let server = store.strip_prefix("redis://").unwrap();
            let (name, port) = server.split_once(':').unwrap();
            let service = overlay.one("Service", name);
            assert_eq!(service["spec"]["ports"][0]["port"].to_string(), port);
            let reaches = &overlay.one("NetworkPolicy", name)["spec"]["ingress"];
            assert_eq!(
                reaches,
                &json!([{"from": [{"podSelector": {"matchLabels": {"mcp-auth": PROTECTED}}}], "ports": [{"protocol": "TCP", "port": 6379}]}])
            );
        }
    }
}

#[test]
fn what_selects_the_pods_selects_them() {
    for overlay in Overlay::all() {
        let labels = &overlay.one("Deployment", "mcp-server")["spec"]["template"]["metadata"]["labels"];
        assert_eq!(labels["mcp-auth"], PROTECTED);
        let budget = &overlay.one("PodDisruptionBudget", "mcp")["spec"];
        assert_eq!(budget["selector"], json!({"matchLabels": {"mcp-auth": PROTECTED}}));
        let monitor = &overlay.one("ServiceMonitor", "mcp")["spec"];
        let metrics = overlay.one("Service", "mcp-metrics");
        assert_eq!(monitor["selector"]["matchLabels"], metrics["metadata"]["labels"]);
        assert_eq!(monitor["endpoints"][0]["port"], metrics["spec"]["ports"][0]["name"]);
    }
}
