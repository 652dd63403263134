// go-oidc looks at the tokens. usage: go-oidc TOKENS.json; prints {library: {token: was it accepted?}}
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"runtime/debug"

	"github.com/coreos/go-oidc/v3/oidc"
)

const module = "github.com/coreos/go-oidc/v3"

type given struct {
	Issuer   string            `json:"issuer"`
	Audience string            `json:"audience"`
	JwksURI  string            `json:"jwks_uri"`
	Tokens   map[string]string `json:"tokens"`
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var given given
	if err := json.Unmarshal(text, &given); err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	verifier := oidc.NewVerifier(given.Issuer, oidc.NewRemoteKeySet(ctx, given.JwksURI), &oidc.Config{
		ClientID:             given.Audience,
		SupportedSigningAlgs: []string{oidc.ES256},
	})
	verdicts := map[string]bool{}
	for kind, token := range given.Tokens {
		_, err := verifier.Verify(ctx, token)
		verdicts[kind] = err == nil
	}
	library := "go-oidc " + version()
	if err := json.NewEncoder(os.Stdout).Encode(map[string]any{library: verdicts}); err != nil {
		log.Fatal(err)
	}
}

func version() string {
	build, _ := debug.ReadBuildInfo()
	for _, dependency := range build.Deps {
		if dependency.Path == module {
			return dependency.Version
		}
	}
	return "of no known version"
}
