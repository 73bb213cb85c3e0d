# shellcheck shell=bash
# For docs/logins.md, sourced: a bridge behind wss://files.example.org that knows people by tokens, and one in the file `token`.
without_site
# shellcheck disable=SC2059 # The claims are a format.
encoded() { printf "$@" | base64url; }
base64url() { base64 -w0 | tr '+/' '-_' | tr -d '='; }

openssl genrsa -out issuer.pem 2048
modulus=$(openssl rsa -in issuer.pem -noout -modulus | cut -d= -f2 | xxd -r -p | base64url)
printf '{"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":"1","n":"%s","e":"AQAB"}]}' "$modulus" >keys.json

claims='{"iss":"https://login.example.org/","aud":"sftpbridge","exp":%d,"preferred_username":"me"}'
signed=$(encoded '{"alg":"RS256","typ":"JWT","kid":"1"}').$(encoded "$claims" $(($(date +%s) + 600)))
printf '%s.%s\n' "$signed" "$(printf %s "$signed" | openssl dgst -sha256 -sign issuer.pem | base64url)" >token

printf '...\n' >password
sftpbridge keyscan files.example.org >known_hosts
cat >token_site.toml <<'END'
[listen]
address = "127.0.0.1:443"

[listen.tls]
certificate = "/run/world/front.pem"
key = "/run/world/front.key"

[admin]
address = ""

[upstreams.main]
address = "files.example.org:22"
known_hosts = "known_hosts"
credentials = "password"
password_file = "password"

[identity.jwt]
issuer = "https://login.example.org/"
audience = "sftpbridge"
jwks_file = "keys.json"
user_claim = "preferred_username"
END
echo 'sftpbridge serve --config token_site.toml' >serve_tokens
serve ./serve_tokens
