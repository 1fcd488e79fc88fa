"""Lists by hand: tags and repositories, whole and page by page."""

import urllib.parse

import pytest

from harness import images
from harness.raw import expect, next_link

TAGS = ["1", "1.0", "1.0-rc", "10", "2", "Latest", "_x", "alpha", "alpha-1", "alpha.1", "latest", "v1", "v10", "v2"]


@pytest.fixture(scope="module")
def tagged(server):
    """A repository with tags whose order is easy to get wrong."""
    registry = server.registry()
    image = images.image()
    registry.push_image("acceptance/tagged", image)
    for tag in reversed(TAGS):
        registry.push_manifest("acceptance/tagged", tag, image.manifest)
    return "acceptance/tagged"


def in_order(tags: list[str]) -> bool:
    """The specification's two orders: "lexical (case-insensitive)" or "ASCIIbetical"."""
    return tags == sorted(tags) or tags == sorted(tags, key=str.lower)


@pytest.mark.beyond
def test_tags_are_listed_in_order(registry, tagged):
    response = expect(registry.get(f"/v2/{tagged}/tags/list"), 200)
    assert response.headers["Content-Type"].startswith("application/json")
    assert response.json()["name"] == tagged
    assert sorted(response.json()["tags"]) == sorted(TAGS)
    assert in_order(response.json()["tags"]), response.json()["tags"]


@pytest.mark.beyond
@pytest.mark.parametrize("size", [1, 2, 5, 13, 14, 15, 1000])
def test_pages_of_any_size_hold_every_tag_once(registry, tagged, size):
    pages = registry.pages(f"/v2/{tagged}/tags/list", n=size)
    tags = [tag for page in pages for tag in page.json()["tags"]]
    assert sorted(tags) == sorted(TAGS) and in_order(tags)
    assert [len(page.json()["tags"]) for page in pages[:-1]] == [size] * (len(pages) - 1)
    assert len(pages) == -(-len(TAGS) // size)


@pytest.mark.beyond
def test_the_link_to_the_next_page_keeps_n(registry, tagged):
    link = next_link(registry.get(f"/v2/{tagged}/tags/list", params={"n": 3}))
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(link).query)
    assert query["n"] == ["3"] and "last" in query


@pytest.mark.beyond
def test_last_is_where_a_page_begins_and_need_not_exist(registry, tagged):
    everything = registry.tags(tagged)
    assert registry.tags(tagged, last=everything[4]) == everything[5:]
    assert registry.tags(tagged, n=2, last=everything[4]) == everything[5:7]
    assert registry.tags(tagged, last="alpha-0") == [tag for tag in everything if tag > "alpha-0"]
    assert registry.tags(tagged, last="zzz") == []


@pytest.mark.beyond
def test_n_of_zero_gets_an_empty_list_and_no_link(registry, tagged):
    response = expect(registry.get(f"/v2/{tagged}/tags/list", params={"n": 0}), 200)
    assert response.json()["tags"] == []
    assert "Link" not in response.headers


@pytest.mark.beyond
@pytest.mark.parametrize("n", ["-1", "x", "", "1.5", "99999999999999999999"])
def test_an_n_that_is_no_number_is_refused(registry, tagged, n):
    response = expect(registry.get(f"/v2/{tagged}/tags/list", params={"n": n}), 400)
    expect(response, 400, code="PAGINATION_NUMBER_INVALID")


def test_a_very_large_n_is_no_trouble(registry, tagged):
    assert sorted(registry.tags(tagged, n=1_000_000_000)) == sorted(TAGS)


def test_tags_of_an_unknown_repository_are_unknown(registry, repository):
    expect(registry.get(f"/v2/{repository}/tags/list"), 404, code="NAME_UNKNOWN")


@pytest.mark.beyond
def test_a_repository_without_tags_has_an_empty_list(registry, repository):
    registry.push_image(repository, images.image())
    assert expect(registry.get(f"/v2/{repository}/tags/list"), 200).json()["tags"] == []


def test_a_tag_is_listed_once_however_often_it_moves(registry, repository):
    for _ in range(3):
        registry.push_image(repository, images.image(), "moving")
    assert registry.tags(repository) == ["moving"]


@pytest.fixture(scope="module")
def catalog_server(new_registry):
    """A registry with repositories of its own, so that its catalog can be known whole."""
    server = new_registry()
    registry = server.registry()
    image = images.image()
    for name in CATALOG:
        registry.push_image(name, image, "1")
    return server


CATALOG = ["a", "a-b", "a.b", "a/b", "a/b/c", "a_b", "ab", "b/a", "library/x", "z" * 200]


def test_the_catalog_lists_every_repository_in_order(catalog_server):
    listed = expect(catalog_server.registry().get("/v2/_catalog"), 200).json()["repositories"]
    assert sorted(listed) == sorted(CATALOG)


@pytest.mark.beyond
def test_the_catalog_is_in_ascii_order(catalog_server):
    assert catalog_server.registry().get("/v2/_catalog").json()["repositories"] == sorted(CATALOG)


@pytest.mark.parametrize("size", [1, 3, 9, 10, 11])
def test_catalog_pages_hold_every_repository_once(catalog_server, size):
    pages = catalog_server.registry().pages("/v2/_catalog", n=size)
    names = [name for page in pages for name in page.json()["repositories"]]
    assert sorted(names) == sorted(CATALOG)


@pytest.mark.beyond
def test_the_catalog_goes_on_after_last(catalog_server):
    registry = catalog_server.registry()
    listed = registry.get("/v2/_catalog", params={"last": "a/b", "n": 2}).json()["repositories"]
    ordered = sorted(CATALOG)
    start = ordered.index("a/b") + 1
    assert listed == ordered[start : start + 2]
    assert registry.get("/v2/_catalog", params={"last": "zzz" * 80}).json()["repositories"] == []


@pytest.mark.beyond
@pytest.mark.parametrize("n", ["-1", "x"])
def test_a_catalog_n_that_is_no_number_is_refused(catalog_server, n):
    expect(catalog_server.registry().get("/v2/_catalog", params={"n": n}), 400, code="PAGINATION_NUMBER_INVALID")
