"""What was acknowledged stays, whatever happens to the process or to the disk."""

import contextlib
import random
import shutil
import sqlite3
import threading
import time

import pytest

from harness import images, programs
from harness.images import digest_of, random_bytes
from harness.raw import error_codes, expect, target
from harness.server import until
from harness.traffic import Traffic

ROUNDS = 60


def rows(server, query: str) -> list[tuple]:
    with contextlib.closing(sqlite3.connect(f"file:{server.root}/cove.db?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()


def orphans(server) -> list[str]:
    """Files of the store that no row of the database knows."""
    locations = {location for (location,) in rows(server, "SELECT location FROM blob")}
    uploads = {name for (name,) in rows(server, "SELECT id FROM upload")}
    left = []
    for file in server.files("blobs"):
        name = str(file.relative_to(server.root))
        if name not in locations and name.removeprefix("blobs/") not in locations:
            left.append(name)
    for file in server.files("uploads"):
        if file.name.split(".")[0] not in uploads:
            left.append(str(file.relative_to(server.root)))
    return left


def missing(server) -> list[str]:
    """Rows of blobs that are served, without their file."""
    return [
        location
        for (location,) in rows(server, "SELECT location FROM blob WHERE state = 0")
        if not (server.root / location).exists() and not (server.root / "blobs" / location).exists()
    ]


@pytest.mark.slow
@pytest.mark.beyond
def test_what_was_acknowledged_survives_kill_9_at_any_moment(new_server):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    traffic = Traffic(seed)
    moments = random.Random(seed)
    server = new_server({"log": {"level": "warn"}})
    began = time.monotonic()
    for number in range(ROUNDS):
        server.start()
        stop = threading.Event()
        clients = traffic.run(server.url, clients=6, stop=stop)
        time.sleep(moments.uniform(0.02, 1.0))
        assert server.process.poll() is None, server.log[-3000:]
        server.kill()
        stop.set()
        for client in clients:
            client.join(30)
        assert not traffic.unexpected, f"round {number}: {traffic.unexpected[0]}"
        if number % 6 == 5:  # and killed again while it recovers
            server.start(ready=False)
            time.sleep(moments.uniform(0, 0.3))
            server.kill()
        server.start()
        traffic.check(server.registry(), sample=15)
        server.kill()
    print(f"{traffic.acknowledged} writes acknowledged in {time.monotonic() - began:.0f} s")

    server.start()
    traffic.check(server.registry(), sample=None)
    assert until(lambda: not orphans(server), seconds=30, every=0.5), orphans(server)
    assert missing(server) == []
    server.stop()
    assert rows(server, "PRAGMA integrity_check") == [("ok",)]
    assert rows(server, "PRAGMA foreign_key_check") == []
    assert traffic.acknowledged > 10 * ROUNDS, "too little traffic to prove anything"


@pytest.mark.beyond
@pytest.mark.parametrize("durability", ["full", "relaxed"])
def test_a_pushed_image_survives_kill_9_right_after_the_answer(new_server, durability):
    server = new_server({"durability": durability})
    for number in range(5):
        server.start()
        image = images.image({"large": random_bytes(1_000_000)})
        server.registry().push_image("app", image, f"v{number}")
        server.kill()
        server.start()
        registry = server.registry()
        assert registry.get_manifest("app", f"v{number}").content == image.manifest.body
        for blob in image.blobs:
            assert registry.blob("app", blob.digest) == blob.data
        assert len(registry.tags("app")) == number + 1
        server.kill()


@pytest.mark.beyond
def test_an_upload_goes_on_after_kill_9(new_server):
    server = new_server().start()
    data = random_bytes(3_000_000)
    location = target(server.registry().start_upload("app"))
    expect(server.registry().patch(location, data=data[:2_000_000]), 202)
    server.kill()
    server.start()
    registry = server.registry()
    assert expect(registry.get(location), 204).headers["Range"] == "0-1999999"
    headers = {"Content-Range": "2000000-2999999"}
    expect(registry.patch(location, data=data[2_000_000:], headers=headers), 202)
    expect(registry.finish_upload(location, digest_of(data)), 201)
    assert registry.blob("app", digest_of(data)) == data


@pytest.mark.beyond
def test_files_nobody_knows_are_reclaimed_after_a_restart(new_server):
    """What a crash between two steps leaves: bytes without a row."""
    server = new_server().start()
    server.registry().push_image("app", images.image(), "1")
    (file,) = [file for file in server.files("blobs") if file.stat().st_size > 0][:1]
    server.kill()
    shutil.copy(file, file.with_name(f"{file.name.split('.')[0]}.{'1' * 32}"))
    (server.root / "uploads" / ("2" * 32)).write_bytes(b"stray")
    time.sleep(0.2)  # files are told from those of the new process by their time
    server.start()
    assert until(lambda: not orphans(server), seconds=30, every=0.2), orphans(server)
    assert server.registry().get_manifest("app", "1").status_code == 200


# Damage by hand


def damage(server, size: int, how: str) -> None:
    """Deletes or cuts short the file of the one blob of that size."""
    (file,) = [file for file in server.files("blobs") if file.stat().st_size == size]
    if how == "deleted":
        file.unlink()
    else:
        with open(file, "r+b") as opened:
            opened.truncate(size // 2)


@pytest.mark.beyond
@pytest.mark.parametrize("restarted", [False, True], ids=["at once", "after a restart"])
@pytest.mark.parametrize("size", [3_001, 5_000_003], ids=["small", "large"])
@pytest.mark.parametrize("how", ["deleted", "truncated"])
def test_a_blob_whose_file_was_damaged_is_mended_by_pushing_it_again(new_server, how, size, restarted):
    server = new_server().start()
    data = random_bytes(size)
    layer = images.Blob(data, images.OCI_LAYER)
    image = images.artifact("application/vnd.example.thing", data)
    server.registry().push_image("app", image, "1")
    server.registry().push_image("other", image, "1")
    assert server.registry().blob("app", layer.digest) == data
    damage(server, size, how)
    if restarted:
        server.restart()

    registry = server.registry()
    registry.push_blob("app", data)
    for _ in range(2):
        for repository in ("app", "other"):
            assert registry.blob(repository, layer.digest) == data
            assert registry.head(f"/v2/{repository}/blobs/{layer.digest}").headers["Content-Length"] == str(size)
            assert registry.get_manifest(repository, "1").content == image.manifest.body
        server.restart()  # what is in memory must not have been all there was
        registry = server.registry()
    assert until(lambda: not orphans(server), seconds=10), orphans(server)
    assert missing(server) == []


@pytest.mark.beyond
@pytest.mark.parametrize("how", ["deleted", "truncated"])
def test_a_blob_whose_file_was_damaged_is_never_served_as_if_whole(new_server, how):
    server = new_server().start()
    digests = [server.registry().push_blob("app", random_bytes(size)) for size in (3_001, 5_000_003)]
    for size in (3_001, 5_000_003):
        damage(server, size, how)
    server.restart()
    for digest in digests:
        with server.connect() as connection:
            connection.request("GET", f"/v2/app/blobs/{digest}")
            with contextlib.suppress(EOFError, ConnectionError):  # cut off before its Content-Length is reached
                assert connection.response().status >= 400
    expect(server.registry().get("/v2/"), 200)


# Abandoned uploads


@pytest.mark.slow
@pytest.mark.beyond
@pytest.mark.parametrize("chunked", [False, True], ids=["Content-Length", "chunked"])
def test_an_upload_that_is_slowly_written_to_is_not_purged(new_server, chunked):
    purging = {"enabled": True, "age": "2s", "interval": "1s", "dryrun": False}
    server = new_server({"storage": {"maintenance": {"uploadpurging": purging}}}).start()
    registry = server.registry()
    data = random_bytes(1_400_000)
    location, abandoned = (target(registry.start_upload("app")) for _ in range(2))
    expect(registry.patch(abandoned, data=b"nobody comes back for this"), 202)

    def slowly():
        for start in range(0, len(data), 100_000):
            time.sleep(0.5)
            yield data[start : start + 100_000]

    with server.connect(timeout=20) as connection:
        length = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(len(data))}
        connection.request("PATCH", location, length)
        assert connection.send_pieces(slowly(), chunked=chunked), "it was cut off"
        expect(connection.response(), 202)
    expect(registry.finish_upload(location, digest_of(data)), 201)
    assert registry.blob("app", digest_of(data)) == data
    expect(registry.get(abandoned), 404, code="BLOB_UPLOAD_UNKNOWN")


# A full disk


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 MiB."""
    programs.need_root("mount")
    mount = programs.need("mount")
    place = tmp_path / "small"
    place.mkdir()
    mounted = programs.run(mount, "-t", "tmpfs", "-o", "size=64m", "tmpfs", place, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"{programs.MISSING}mount ({mounted.err.strip()})")
    try:
        yield place
    finally:
        programs.run("umount", "--lazy", place)


@pytest.fixture
def crammed(new_server, small_disk):
    """A server on the small disk, with an image on it."""
    server = new_server({"storage": {"filesystem": {"rootdirectory": str(small_disk / "data")}}}).start()
    image = images.image({"large": random_bytes(5_000_000)})
    server.registry().push_image("app", image, "1")
    yield server, image
    server.stop()


def check_intact(server, image) -> None:
    registry = server.registry()
    assert registry.get_manifest("app", "1").content == image.manifest.body
    for blob in image.blobs:
        assert registry.blob("app", blob.digest) == blob.data


def free(place) -> int:
    return shutil.disk_usage(place).free


@pytest.mark.beyond
@pytest.mark.parametrize("how", ["chunked", "Content-Length", "PUT"])
def test_an_upload_that_fills_the_disk_is_refused_and_leaves_nothing(crammed, small_disk, how):
    server, image = crammed
    registry = server.registry()
    before = free(small_disk)
    stream = images.Stream(seed=5, size=200 * images.MIB)
    for _ in range(2):
        location = target(registry.start_upload("app"))
        with server.connect(timeout=30) as connection:
            length = {"Transfer-Encoding": "chunked"} if how == "chunked" else {"Content-Length": str(stream.size)}
            where = f"{location}{'&' if '?' in location else '?'}digest={stream.digest}" if how == "PUT" else location
            connection.request("PUT" if how == "PUT" else "PATCH", where, length)
            connection.send_pieces(stream, chunked=how == "chunked")
            answer = expect(connection.response(), 507, 503)
        assert error_codes(answer)
        assert until(lambda: free(small_disk) > before - 2 * images.MIB), "the partial file is still there"
        status = expect(registry.get(location), 404, 204)
        assert status.headers.get("Range", "0-0") == "0-0"
    check_intact(server, image)
    later = random_bytes(1_000_000)
    assert registry.blob("app", registry.push_blob("app", later)) == later
    server.kill()
    server.start()
    check_intact(server, image)


def fill(place):
    """Leaves no byte free; the file to delete when there shall be some again."""
    filler = place / "filler"
    with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as out:
        while True:
            out.write(bytes(4096))
    assert free(place) < 4096
    return filler


def push_manifests_until_none_fits(registry, image) -> int:
    """Small writes may still find room in pages that are there already; in the end none does. How many fitted."""
    for number in range(500):
        another = images.image().manifest.value | {"config": image.manifest.value["config"], "layers": []}
        another["annotations"] = {"padding": "x" * 50_000, "number": str(number)}
        response = registry.put_manifest("app", f"full-{number}", images.Manifest.of(another))
        if response.status_code != 201:
            break
    expect(response, 507, 503)
    assert error_codes(response)
    return number


@pytest.mark.beyond
def test_an_upload_whose_last_piece_does_not_fit_is_finished_when_there_is_room(crammed, small_disk):
    server, image = crammed
    registry = server.registry()
    data = random_bytes(30_000_000)
    location = target(registry.start_upload("app"))
    expect(registry.patch(location, data=data[:1_000_000]), 202)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(free(small_disk) - 10_000_000))
    before = free(small_disk)
    for _ in range(2):
        refused = expect(registry.finish_upload(location, digest_of(data), data[1_000_000:]), 507, 503)
        assert error_codes(refused)
        assert until(lambda: free(small_disk) > before - images.MIB), "what was refused still takes its space"
        assert expect(registry.get(location), 204).headers["Range"] == "0-999999"
    ballast.unlink()
    expect(registry.finish_upload(location, digest_of(data), data[1_000_000:]), 201)
    assert registry.blob("app", digest_of(data)) == data
    assert server.files("uploads") == []
    check_intact(server, image)


@pytest.mark.beyond
def test_an_upload_whose_commit_finds_the_disk_full_can_be_finished_or_cancelled_when_there_is_room(crammed, small_disk):
    """All its bytes are there; it is the database that has no room for the blob."""
    server, image = crammed
    registry = server.registry()
    contents = [random_bytes(1_000_000) for _ in range(6)]
    locations = [target(registry.start_upload("app")) for _ in contents]
    for location, data in zip(locations, contents, strict=True):
        expect(registry.patch(location, data=data), 202)
    filler = fill(small_disk)
    push_manifests_until_none_fits(registry, image)

    waiting, refused = list(zip(locations, contents, strict=True)), []
    for location, data in waiting:
        answer = expect(registry.finish_upload(location, digest_of(data)), 201, 503, 507)
        if answer.status_code != 201:
            assert error_codes(answer)
            refused.append((location, data))
            assert not registry.has_blob("app", digest_of(data))
    assert len(refused) >= 2, "the disk was not full enough to prove anything"

    filler.unlink()
    cancelled, resumed = refused[0], refused[1:]
    for location, data in resumed:
        assert expect(registry.get(location), 204).headers["Range"] == "0-999999"
        expect(registry.finish_upload(location, digest_of(data)), 201)
    expect(registry.delete(cancelled[0]), 204)
    for _, data in waiting:
        if data is not cancelled[1]:
            assert registry.blob("app", digest_of(data)) == data
    assert until(lambda: not orphans(server), seconds=5), orphans(server)
    assert server.files("uploads") == []
    check_intact(server, image)


@pytest.mark.beyond
def test_with_no_byte_left_pushes_fail_pulls_work_and_all_is_well_when_there_is_room(crammed, small_disk):
    server, image = crammed
    registry = server.registry()
    filler = fill(small_disk)
    check_intact(server, image)
    number = push_manifests_until_none_fits(registry, image)
    location = registry.post("/v2/app/blobs/uploads/")
    if location.status_code == 202:
        data = random_bytes(100_000)
        expect(registry.finish_upload(location.headers["Location"], digest_of(data), data), 507, 503)
    else:
        expect(location, 507, 503)
    check_intact(server, image)

    filler.unlink()
    registry.push_image("app", images.image(), "room-again")
    server.kill()
    server.start()
    check_intact(server, image)
    acknowledged = [f"full-{n}" for n in range(number)]
    assert set(server.registry().tags("app")) == {"1", "room-again", *acknowledged}
