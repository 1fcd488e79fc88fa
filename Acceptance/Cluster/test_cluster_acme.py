"""http.tls.letsencrypt where several nodes share a store: one orders, any answers challenges, all show what was obtained."""

import signal

import pytest

from harness.acme import HOST, AcmeServer, served, shown
from harness.server import free_port, until


@pytest.mark.slow
@pytest.mark.parametrize("challenge", ["tls-alpn-01", "http-01"])
def test_nodes_share_challenges_and_certificates(new_cluster, tmp_path, authority, challenge):
    acme = AcmeServer(tmp_path / "acme", authority, lifetime=20)
    cluster = new_cluster({"http": {"tls": {"letsencrypt": {"hosts": [HOST], **acme.settings}}}}, size=2)
    first, second = cluster.nodes
    ports = [node.port for node in cluster.nodes]
    if challenge == "http-01":
        ports = [free_port(), free_port()]
        for node, port in zip(cluster.nodes, ports):
            node.config["http"]["tls"]["letsencrypt"]["http01addr"] = f"127.0.0.1:{port}"
            node.write_config()
    try:
        # Nothing can be ordered until both are there: whichever then orders, the authority looks at the other one, too.
        for node in cluster.nodes:
            node.start(ready=False)
            assert node.said("serving" if challenge == "tls-alpn-01" else "answering challenges", 30), node.log
        assert until(lambda: "no certificate was obtained" in cluster.log, 20)
        acme.tls_port = acme.http_port = ports[0]
        acme.further_ports = ports[1:]
        acme.start()
        for node in cluster.nodes:
            node.signal(signal.SIGHUP)
        serials = {served(node, acme.root, 30).serial_number for node in cluster.nodes}
        assert len(serials) == 1 and len(acme.accounts) == 1
        assert acme.validations == [None] and len(acme.orders) == 1

        # The other one renews when the first is gone.
        first.kill()
        acme.further_ports = []
        acme.tls_port = acme.http_port = ports[1]
        assert until(lambda: (found := shown(second, acme.root)) and found.serial_number not in serials, 30), second.log[-3000:]
        first.start(ready=False)
        assert until(lambda: (found := shown(first, acme.root)) and found.serial_number not in serials, 10), first.log[-3000:]
        assert len(acme.accounts) == 1
        stored = str(cluster.database.query("SELECT name FROM vault_entry ORDER BY name"))
        assert HOST in stored and "challenge" not in stored
    finally:
        acme.stop()
