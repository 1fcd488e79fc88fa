"""python-dxf: blobs by hand, aliases, and the catalog, from Python."""

import pytest

from harness import htpasswd, images, programs

dxf = pytest.importorskip("dxf", reason=programs.MISSING + "python-dxf (PyPI)")


@pytest.fixture
def client(server, repository):
    return dxf.DXF(server.host, repository, insecure=True)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(images.random_bytes(300_000))
    return path


def test_dxf_pushes_a_blob_and_pulls_it_back(client, file):
    digest = client.push_blob(str(file))
    assert client.blob_size(digest) == 300_000
    assert b"".join(client.pull_blob(digest)) == file.read_bytes()


def test_dxf_names_blobs_with_an_alias(client, file, registry, repository):
    digest = client.push_blob(str(file))
    client.set_alias("latest", digest)
    assert client.get_alias("latest") == [digest]
    assert client.list_aliases() == ["latest"]
    served = registry.get_manifest(repository, "latest")
    assert served.headers["Content-Type"] in (images.DOCKER_MANIFEST, images.OCI_MANIFEST)


def test_dxf_mounts_a_blob_from_another_repository(client, file, server, repository):
    digest = client.push_blob(str(file))
    other = dxf.DXF(server.host, f"{repository}-copy", insecure=True)
    assert other.mount_blob(repository, digest) == digest
    assert other.blob_size(digest) == 300_000


def test_dxf_deletes_an_alias_and_a_blob(client, file, registry, repository):
    digest = client.push_blob(str(file))
    client.set_alias("gone", digest)
    client.del_alias("gone")
    assert registry.get_manifest(repository, "gone").status_code == 404
    client.del_blob(digest)
    assert not registry.has_blob(repository, digest)


def test_dxf_lists_repositories_page_by_page(client, file, server, repository):
    client.set_alias("1", client.push_blob(str(file)))
    base = dxf.DXFBase(server.host, insecure=True)
    assert repository in list(base.list_repos(batch_size=3, iterate=True))


def test_dxf_authenticates_behind_htpasswd(new_server, authority, tmp_path, repository, file):
    issued = authority.issue("dxf")
    users = htpasswd.write(tmp_path / "htpasswd", alice="open sesame")
    server = new_server(
        {
            "http": {"tls": {"certificate": str(issued.certificate), "key": str(issued.key)}},
            "auth": {"htpasswd": {"realm": "acceptance", "path": str(users)}},
        }
    ).start()

    def authenticate(one, response):
        one.authenticate("alice", "open sesame", response=response)

    client = dxf.DXF(server.host, repository, authenticate, tlsverify=str(authority.certificate))
    digest = client.push_blob(str(file))
    assert b"".join(client.pull_blob(digest)) == file.read_bytes()
