"""The service under test: the real binary on a port and in a folder of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import List, Optional

import httpx

PROGRAM = os.environ.get("SHELFMARK_BIN", str(Path(__file__).resolve().parents[3] / "target/release/shelfmark"))
READY_S = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Service:
    """A running service. It keeps its port and its folder when it is killed and started again."""

    def __init__(self, *options: str) -> None:
        self._folder = tempfile.mkdtemp(prefix="shelfmark-clients-")
        # Postgres runs as another user when the tests run as root.
        os.chmod(self._folder, 0o755)
        self.data = str(Path(self._folder) / "data")
        self._options: List[str] = list(options)
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._process: Optional["subprocess.Popen[bytes]"] = None
        self.start()

    def start(self) -> None:
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        environment["RUST_LOG"] = "error"
        command = [PROGRAM, "serve", "--listen", f"127.0.0.1:{self._port}", "--data-dir", self.data, *self._options]
        self._process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + READY_S
        while True:
            try:
                if httpx.get(f"{self.url}/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            assert self._process.poll() is None, "the service ended"
            assert time.monotonic() < deadline, "the service is not ready in time"
            time.sleep(0.05)

    def kill(self) -> None:
        """As `kill -9`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(timeout=30)
        shutil.rmtree(self._folder, ignore_errors=True)

    def command(self, *words: str) -> str:
        """Runs a command of the program on the service's folder; returns what it prints."""
        command = [PROGRAM, *words, "--data-dir", self.data]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
