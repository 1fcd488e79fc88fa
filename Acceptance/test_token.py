"""auth.token: a token server decides who may do what, and signs it; the registry believes its signatures."""

import time

import pytest
import requests

from harness import images, tokens
from harness.raw import expect
from harness.server import Server, until
from harness.tokens import ISSUER, SERVICE, Signer, TokenServer, right

PUSH_PULL = {"pull", "push"}


class Bearer(requests.auth.AuthBase):
    """Sends a token with each request."""

    def __init__(self, token: str):
        self.token = token

    def __call__(self, request):
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


def config(realm: str = "http://127.0.0.1:1/token", **keys) -> dict:
    return {"auth": {"token": {"realm": realm, "service": SERVICE, "issuer": ISSUER, **keys}}}


def registry(server: Server, token: str):
    return server.registry(auth=Bearer(token))


def challenge(response) -> str:
    return expect(response, 401, code="UNAUTHORIZED").headers["WWW-Authenticate"]


@pytest.fixture
def guarded(tmp_path, new_server):
    """A registry that trusts the key of one certificate, as registry:2 is set up, and that key."""
    signer = Signer("RS256")
    signer.header["kid"] = signer.libtrust_fingerprint()
    bundle = tokens.write_bundle(tmp_path / "bundle.pem", signer.certificate("token server"))
    return new_server(config(rootcertbundle=bundle)).start(), signer


@pytest.fixture
def token_server(tmp_path, new_server):
    """A token server and its registry. alice may do everything below acceptance/, bob may pull there."""
    signer = Signer("RS256")
    signer.header["kid"] = signer.libtrust_fingerprint()
    bundle = tokens.write_bundle(tmp_path / "bundle.pem", signer.certificate("token server"))
    passwords = {"alice": "open sesame", "bob": "barley"}
    rights = {
        "alice": {"repository:acceptance/*": PUSH_PULL | {"delete"}, "registry:catalog": {"*"}},
        "bob": {"repository:acceptance/*": {"pull"}},
    }
    with TokenServer(signer, passwords, rights) as served:
        served.registry = new_server(config(served.realm, rootcertbundle=bundle)).start()
        yield served


# Clients


def test_docker_logs_in_pushes_and_pulls_with_tokens(engine, base_image, token_server, repository, tmp_path):
    host = token_server.registry.host
    name = f"{host}/{repository}:1"
    engine("tag", base_image, name)
    home = tmp_path / "docker"
    login = ("login", "--username", "alice", "--password-stdin", host)

    assert engine("push", name, config=home, check=False).returncode != 0
    wrong = engine(*login, config=home, input="shut sesame", check=False)
    assert wrong.returncode != 0 and "unauthorized" in wrong.err.lower()

    assert "Login Succeeded" in engine(*login, config=home, input="open sesame").out
    engine("push", name, config=home)
    engine.forget(name)
    engine("pull", name, config=home)
    assert any(sorted(scopes) == [f"repository:{repository}:push,pull"] for scopes in token_server.asked)
    engine("logout", host, config=home)
    assert engine("pull", name, config=home, check=False).returncode != 0


def test_docker_is_denied_what_its_user_may_not_do(engine, base_image, token_server, repository, tmp_path):
    host = token_server.registry.host
    name = f"{host}/{repository}:1"
    engine("tag", base_image, name)
    for user, password in token_server.passwords.items():
        engine("login", "--username", user, "--password-stdin", host, config=tmp_path / user, input=password)
    engine("push", name, config=tmp_path / "alice")
    engine("pull", name, config=tmp_path / "bob")
    refused = engine("push", name, config=tmp_path / "bob", check=False)
    assert refused.returncode != 0
    assert "denied" in refused.err.lower()


def test_docker_mounts_layers_where_its_user_may_read(engine, base_image, token_server, repository, tmp_path):
    host = token_server.registry.host
    home = tmp_path / "docker"
    engine("login", "--username", "alice", "--password-stdin", host, config=home, input="open sesame")
    dockerfile = f"FROM {base_image}\nLABEL made=here\n"
    name = engine.build(f"{host}/{repository}:1", dockerfile)
    engine("push", name, config=home)
    elsewhere = f"{host}/{repository}-copy:1"
    engine("tag", name, elsewhere)
    assert f"Mounted from {repository}" in engine("push", elsewhere, config=home).out


def test_skopeo_copies_with_the_rights_of_its_user(skopeo, token_server, repository, tmp_path):
    image = images.image()
    layout = images.write_layout(tmp_path / "layout", {"one": image.manifest}, [image.manifest, *image.blobs])
    there = f"docker://{token_server.registry.host}/{repository}:1"
    into = ("copy", "--dest-tls-verify=false", "--dest-creds")
    back = ("copy", "--src-tls-verify=false", "--src-creds")
    refused = skopeo(*into, "bob:barley", f"oci:{layout}:one", there, check=False)
    assert refused.returncode != 0
    assert "denied" in refused.err.lower() or "unauthorized" in refused.err.lower()
    skopeo(*into, "alice:open sesame", f"oci:{layout}:one", there)
    skopeo(*back, "bob:barley", there, f"oci:{tmp_path}/back:one")
    assert skopeo(*back, "bob:wrong", there, f"oci:{tmp_path}/none:one", check=False).returncode != 0
    assert skopeo("delete", "--tls-verify=false", "--creds", "bob:barley", there, check=False).returncode != 0
    skopeo("delete", "--tls-verify=false", "--creds", "alice:open sesame", there)


# The protocol


def test_each_request_is_told_what_it_needs(guarded, repository):
    server, signer = guarded
    basis = f'Bearer realm="http://127.0.0.1:1/token",service="{SERVICE}"'
    anonymous = server.registry()
    digest = "sha256:" + "0" * 64
    answered = {
        challenge(anonymous.get("/v2/")): basis,
        challenge(anonymous.get(f"/v2/{repository}/tags/list")): f'{basis},scope="repository:{repository}:pull"',
        challenge(anonymous.get("/v2/_catalog")): f'{basis},scope="registry:catalog:*"',
        challenge(anonymous.request("DELETE", f"/v2/{repository}/manifests/{digest}")): (
            f'{basis},scope="repository:{repository}:delete"'
        ),
    }
    for found, wanted in answered.items():
        assert found == wanted
    # Distribution gives the actions and scopes in no order.
    found = challenge(anonymous.request("POST", f"/v2/{repository}/blobs/uploads/?mount={digest}&from=acceptance/else"))
    scopes = set(found.split('scope="')[1].split('"')[0].split(" "))
    assert "repository:acceptance/else:pull" in scopes
    assert scopes & {f"repository:{repository}:pull,push", f"repository:{repository}:push,pull"}
    detail = anonymous.get(f"/v2/{repository}/tags/list").json()["errors"][0]["detail"]
    assert [(one["Type"], one["Name"], one["Action"]) for one in detail] == [("repository", repository, "pull")]


def test_a_token_opens_what_it_is_for(guarded, repository):
    server, signer = guarded
    pusher = registry(server, signer.token([right(f"repository:{repository}:pull,push")]))
    pushed = images.image()
    pusher.push_image(repository, pushed, "1")
    expect(pusher.get("/v2/"), 200)
    expect(pusher.get(f"/v2/{repository}/tags/list"), 200)
    for response in (pusher.get("/v2/_catalog"), pusher.request("DELETE", f"/v2/{repository}/manifests/{pushed.manifest.digest}")):
        assert challenge(response).endswith('error="insufficient_scope"')
    expect(registry(server, signer.token([right("registry:catalog:*")])).get("/v2/_catalog"), 200)
    puller = registry(server, signer.token([right(f"repository:{repository}:pull")]))
    expect(puller.get_manifest(repository, "1"), 200)
    assert challenge(puller.get("/v2/acceptance/else/tags/list")).endswith('error="insufficient_scope"')


def test_a_push_without_the_right_is_refused_before_its_body(guarded, repository):
    server, signer = guarded
    token = signer.token([right(f"repository:{repository}:pull")])
    headers = {"Authorization": f"Bearer {token}", "Content-Length": str(1 << 30), "Expect": "100-continue"}
    with server.connect() as connection:
        connection.request("PUT", f"/v2/{repository}/manifests/1", headers)
        assert connection.response("PUT").status == 401


@pytest.mark.beyond
def test_a_blob_is_not_mounted_from_where_its_user_may_not_read(guarded, repository):
    server, signer = guarded
    secret = f"{repository}-secret"
    owner = registry(server, signer.token([right(f"repository:{secret}:pull,push")]))
    pushed = images.image()
    owner.push_image(secret, pushed, "1")
    digest = pushed.blobs[0].digest
    target = right(f"repository:{repository}:pull,push")
    for source in (f"&from={secret}", ""):
        stranger = registry(server, signer.token([target]))
        expect(stranger.request("POST", f"/v2/{repository}/blobs/uploads/?mount={digest}{source}"), 202)
        expect(stranger.head(f"/v2/{repository}/blobs/{digest}"), 404)
    both = registry(server, signer.token([target, right(f"repository:{secret}:pull")]))
    expect(both.request("POST", f"/v2/{repository}/blobs/uploads/?mount={digest}&from={secret}"), 201)


def test_tokens_that_are_not_to_be_believed(guarded):
    server, signer = guarded
    now = int(time.time())
    stranger = Signer("RS256", **signer.header)
    unnamed = Signer("RS256")
    bad = {
        "expired": signer.token(exp=now - 100),
        "not yet valid": signer.token(nbf=now + 100),
        "for another service": signer.token(aud="another registry"),
        "of another issuer": signer.token(iss="else"),
        "of another key": stranger.token(),
        "of an unknown key": unnamed.token(),
        "without an end": signer.token(exp=None),
        "unsigned": tokens.jwt.encode({"iss": ISSUER, "aud": SERVICE, "exp": now + 300}, None, "none", signer.header),
        "of a secret": tokens.jwt.encode({"iss": ISSUER, "aud": SERVICE, "exp": now + 300}, "s" * 32, "HS256", signer.header),
        "cut off": signer.token()[:-10],
        "no token": "x.y.z",
    }
    for what, token in bad.items():
        response = registry(server, token).get("/v2/")
        assert 'error="invalid_token"' in challenge(response), what
    # Clocks may differ by a minute.
    expect(registry(server, signer.token(exp=now - 20)).get("/v2/"), 200)
    expect(registry(server, signer.token(nbf=now + 20)).get("/v2/"), 200)


def test_the_log_names_the_user_and_never_a_token(guarded, repository):
    server, signer = guarded
    token = signer.token([right(f"repository:{repository}:pull")], sub="carol")
    registry(server, token).get(f"/v2/{repository}/tags/list")
    registry(server, token[:-10]).get("/v2/")
    assert until(lambda: "carol" in server.log)
    assert token[:60] not in server.log and token[-40:-10] not in server.log


# Keys


@pytest.mark.beyond
@pytest.mark.parametrize("algorithm", tokens.ALGORITHMS)
def test_a_key_of_a_set_is_found_by_its_kid(tmp_path, new_server, algorithm):
    signers = [Signer(algorithm, kid="first"), Signer("ES256", kid="second")]
    path = tokens.write_key_set(tmp_path / "keys.json", *(signer.jwk(**signer.header) for signer in signers))
    server = new_server(config(jwks=path)).start()
    for signer in signers:
        expect(registry(server, signer.token(aud=["else", SERVICE])).get("/v2/"), 200)
    signers[1].header["kid"] = "first"
    assert 'error="invalid_token"' in challenge(registry(server, signers[1].token()).get("/v2/"))


def test_a_chain_of_certificates_that_leads_to_the_bundle_is_believed(tmp_path, new_server):
    root, middle, signer = Signer(), Signer(), Signer("RS256")
    bundle = tokens.write_bundle(tmp_path / "bundle.pem", root.certificate("root", ca=True))
    server = new_server(config(rootcertbundle=bundle)).start()
    chain = [signer.certificate("signer", ("middle", middle)), middle.certificate("middle", ("root", root), ca=True)]
    signer.header["x5c"] = [tokens.base64_der(one) for one in chain]
    expect(registry(server, signer.token()).get("/v2/"), 200)

    forged = [signer.certificate("signer", ("root", Signer())), signer.certificate("signer")]
    for certificate in forged:
        signer.header["x5c"] = [tokens.base64_der(certificate)]
        assert 'error="invalid_token"' in challenge(registry(server, signer.token()).get("/v2/"))


def test_a_key_in_the_header_must_be_known(guarded):
    server, signer = guarded
    stranger = Signer("RS256")
    signer.header = {"jwk": signer.jwk(kid=signer.libtrust_fingerprint())}
    expect(registry(server, signer.token()).get("/v2/"), 200)
    stranger.header = {"jwk": stranger.jwk(kid=stranger.libtrust_fingerprint())}
    assert 'error="invalid_token"' in challenge(registry(server, stranger.token()).get("/v2/"))


@pytest.mark.beyond
def test_changed_keys_need_no_restart(tmp_path, new_server):
    old, new = Signer(kid="k"), Signer(kid="k")
    path = tmp_path / "keys.json"
    tokens.write_key_set(path, old.jwk(kid="k"))
    server = new_server(config(jwks=str(path))).start()
    expect(registry(server, old.token()).get("/v2/"), 200)
    tokens.write_key_set(path, new.jwk(kid="k"))
    token = new.token()
    assert until(lambda: registry(server, token).get("/v2/").status_code == 200)
    challenge(registry(server, old.token()).get("/v2/"))


@pytest.mark.beyond
def test_algorithms_that_are_not_configured_are_refused(tmp_path, new_server):
    signers = [Signer("ES256", kid="a"), Signer("EdDSA", kid="b")]
    path = tokens.write_key_set(tmp_path / "keys.json", *(signer.jwk(**signer.header) for signer in signers))
    server = new_server(config(jwks=path, signingalgorithms=["EdDSA"])).start()
    assert 'error="invalid_token"' in challenge(registry(server, signers[0].token()).get("/v2/"))
    expect(registry(server, signers[1].token()).get("/v2/"), 200)


@pytest.mark.beyond
def test_autoredirect_sends_clients_to_the_host_they_asked(tmp_path, new_server):
    path = tokens.write_key_set(tmp_path / "keys.json", Signer().jwk(kid="k"))
    server = new_server(config(jwks=path, autoredirect=True, autoredirectpath="/tokens")).start()
    asked = {
        "": f"https://{server.host}/tokens",
        "http": f"http://{server.host}/tokens",
    }
    for proto, realm in asked.items():
        found = challenge(server.registry().get("/v2/", headers={"X-Forwarded-Proto": proto} if proto else {}))
        assert found == f'Bearer realm="{realm}",service="{SERVICE}"'


@pytest.mark.beyond
def test_a_server_without_usable_keys_says_why_it_does_not_start(tmp_path, new_server):
    broken = {
        "'auth.token.rootcertbundle' is missing": {},
        "auth.token.jwks: cannot use": {"jwks": str(tmp_path / "nothing.json")},
        "'auth.token.signingalgorithms' names 'none'": {"jwks": "x", "signingalgorithms": ["none"]},
    }
    for sentence, keys in broken.items():
        server = new_server(config(**keys))
        server.start(ready=False)
        assert server.wait(10) != 0
        assert sentence in server.log
