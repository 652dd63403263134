//! A client of our own, which gets the judges what they ask for: an identifier, and tokens to look at.

use reqwest::{Client as Http, redirect::Policy};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use crate::ground::Site;

// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const CALLBACK: &str = "http://127.0.0.1:53536/callback";

#[derive(Debug)]
pub(crate) struct Client<'a> {
    pub id: String,
    site: &'a Site,
    http: Http,
}

#[derive(Debug)]
pub(crate) struct Tokens {
    pub access: String,
    pub refresh: String,
}

impl<'a> Client<'a> {
    /// Answered at `http://127.0.0.1`, whatever the port.
    pub(crate) async fn registered(site: &'a Site) -> Result<Self, String> {
        let http = Http::builder().redirect(Policy::none()).build().unwrap();
        let registration = json!({"client_name": "A judge", "redirect_uris": [CALLBACK]});
        let request = http.post(format!("{}/oauth/register", site.issuer)).json(&registration);
        let registered = request.send().await.unwrap().json().await.unwrap();
        Ok(Self { id: member(&registered, "client_id")?, site, http })
    }

    pub(crate) async fn code(&self, resource: &str) -> Result<String, String> {
        let query = form(&[
            ("response_type", "code"),
            ("client_id", &self.id),
            ("redirect_uri", CALLBACK),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("resource", resource),
        ]);
        let url = format!("{}/oauth/authorize?{query}", self.site.issuer);
        let response = self.http.get(url).send().await.unwrap();
        let location = response.headers().get("Location").ok_or("no answer to an authorization request")?;
        let answer = Url::parse(location.to_str().unwrap()).unwrap();
        let code = answer.query_pairs().find(|(name, _)| name == "code");
        code.map(|(_, code)| code.into_owned()).ok_or_else(|| format!("no code in {answer}"))
    }

    pub(crate) async fn tokens(&self, resource: &str) -> Result<Tokens, String> {
        let redemption = form(&[
            ("grant_type", "authorization_code"),
            ("client_id", &self.id),
            ("redirect_uri", CALLBACK),
            ("code", &self.code(resource).await?),
            ("code_verifier", VERIFIER),
        ]);
        let request = self.http.post(format!("{}/oauth/token", self.site.issuer));
        let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(redemption);
        let tokens = request.send().await.unwrap().json().await.unwrap();
        Ok(Tokens { access: member(&tokens, "access_token")?, refresh: member(&tokens, "refresh_token")? })
    }
}

fn form(params: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish()
}

fn member(answer: &Value, name: &str) -> Result<String, String> {
    answer[name].as_str().map(str::to_owned).ok_or_else(|| format!("no {name} in {answer}"))
}
