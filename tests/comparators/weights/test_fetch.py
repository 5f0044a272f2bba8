import hashlib
import http.server
import os
import socket
import threading
from pathlib import Path

import keras
import pytest

from tfdeepsim.comparators import make_comparator
from tfdeepsim.comparators.weights import fetch as fetching
from tfdeepsim.comparators.weights import locate
from tfdeepsim.comparators.weights.fetch import RemoteFile, fetch, has_digest
from tfdeepsim.comparators.weights.locate import locate_weights
from tfdeepsim.errors import InputError

CONTENT = os.urandom(300_000)


class Server(http.server.ThreadingHTTPServer):
    """Serves `files` by path; `cut` ends each answer after that many bytes."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.cut: int | None = None
        self.requests: list[str] = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self):
        self.server.requests.append(self.path)
        content = self.server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: self.server.cut])
        self.close_connection = True

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The folder of downloads, for a user without a proxy."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "tfdeepsim"


def remote_file(server, path, digest=None):
    server.files["/weights"] = CONTENT
    digest = hashlib.sha256(CONTENT).hexdigest()[:8] if digest is None else digest
    return RemoteFile(path / "weights", f"{server.url}/weights", digest)


def visible_files(folder):
    return [path.name for path in folder.iterdir() if not path.name.startswith(".")]


def test_downloads_once_and_then_takes_the_cached_file(server, cache, capsys):
    remote = remote_file(server, cache)
    assert fetch(remote) == remote.path
    assert remote.path.read_bytes() == CONTENT
    assert visible_files(cache) == ["weights"]
    assert f"Downloading {remote.url} to {remote.path}" in capsys.readouterr().err
    server.server_close()
    server.files.clear()
    assert fetch(remote) == remote.path
    assert server.requests == ["/weights"]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
def test_a_damaged_file_in_the_cache_is_downloaded_again(server, cache, algorithm):
    remote = remote_file(server, cache, hashlib.new(algorithm, CONTENT).hexdigest())
    cache.mkdir()
    remote.path.write_bytes(CONTENT[:-1])
    assert fetch(remote).read_bytes() == CONTENT


def test_a_cached_file_of_unknown_digest_is_taken(server, cache):
    remote = remote_file(server, cache, "")
    cache.mkdir()
    remote.path.write_bytes(b"trusted")
    assert fetch(remote).read_bytes() == b"trusted"
    assert not has_digest(remote.path, "")


def test_refuses_another_file(server, cache):
    with pytest.raises(InputError, match="digest does not begin with 01234567, removed again"):
        fetch(remote_file(server, cache, "01234567"))
    assert visible_files(cache) == []


@pytest.mark.parametrize("digest", [None, ""])
def test_an_interrupted_transfer_leaves_nothing(server, cache, digest):
    remote = remote_file(server, cache, digest)
    server.cut = 100_000
    with pytest.raises(InputError, match=r"broke off after 0\.\d MB"):
        fetch(remote)
    assert visible_files(cache) == []
    server.cut = None
    assert fetch(remote).read_bytes() == CONTENT


def test_a_leftover_of_a_killed_download_is_replaced(server, cache):
    remote = remote_file(server, cache)
    cache.mkdir()
    (cache / "weights.part").write_bytes(CONTENT * 2)
    assert fetch(remote).read_bytes() == CONTENT
    assert visible_files(cache) == ["weights"]


def test_the_error_names_the_answer_of_the_server(server, cache):
    remote = remote_file(server, cache)
    server.files.clear()
    with pytest.raises(InputError, match=rf"HTTP 404 from 127\.0\.0\.1.*put into {cache}"):
        fetch(remote)


def test_without_a_network_the_error_says_where_the_file_goes(cache, monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, but nobody listens
        port = unused.getsockname()[1]
        monkeypatch.setattr(locate, "TORCH_URL", f"http://127.0.0.1:{port}")
        with pytest.raises(InputError) as caught:
            locate_weights("alexnet", "download")
    message = str(caught.value)
    assert "\n" not in message
    assert (
        f"alexnet-owt-7be5be79.pth could not be downloaded: got no answer from 127.0.0.1:{port}"
        in message
    )
    assert f"put into {cache}, or given as --comparator-weights FILE" in message
    assert visible_files(cache) == []


def test_alexnet_must_have_the_digest_in_its_name(server, cache, monkeypatch):
    monkeypatch.setattr(locate, "TORCH_URL", server.url)
    server.files["/alexnet-owt-7be5be79.pth"] = CONTENT
    with pytest.raises(InputError, match="does not begin with 7be5be79"):
        locate_weights("alexnet", "download")
    monkeypatch.setattr(fetching, "has_digest", lambda path, digest: digest == "7be5be79")
    assert locate_weights("alexnet", "download") == cache / "alexnet-owt-7be5be79.pth"


def test_the_cache_is_in_the_home_by_default(monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert locate._cache() == Path.home() / ".cache" / "tfdeepsim"


@pytest.mark.parametrize("name", ["caffe_alexnet", "videonet", "exemplar_cnn"])
def test_weights_that_nobody_publishes_are_given_as_a_file(name, cache):
    with pytest.raises(InputError, match=f"nobody offers weights of {name} .*-weights FILE, where"):
        locate_weights(name, "download")
    assert not cache.exists()


def test_networks_of_keras_go_where_keras_caches_them(server, cache, tmp_path, monkeypatch):
    from keras.src.applications import mobilenet_v2

    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(mobilenet_v2, "BASE_WEIGHT_PATH", f"{server.url}/")
    network = keras.applications.MobileNetV2(weights=None, include_top=False)
    network.save(tmp_path / "whole.h5")
    name = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"
    server.files[f"/{name}"] = (tmp_path / "whole.h5").read_bytes()
    comparator = make_comparator("keras:MobileNetV2:Conv1", "download")
    assert comparator.source == str(tmp_path / "keras" / "models" / name)
    assert (comparator.variables[0].numpy() == network.get_layer("Conv1").kernel.numpy()).all()
    with pytest.raises(InputError, match="got 'VGG99'"):
        locate_weights("keras:VGG99", "download")


def test_the_word_download_needs_no_run_or_file_of_that_name(server, cache, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("download").mkdir()
    with pytest.raises(InputError, match="nobody offers"):
        locate_weights("videonet", "download")
