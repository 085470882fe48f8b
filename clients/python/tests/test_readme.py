"""Goal: what the README says to type works, word for word. Method: its blocks of Python run by themselves, with the
address of a running service in the place of the usual one. Also: what is generated is as it would be generated."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from service import Service

ROOT = Path(__file__).resolve().parent.parent


def test_the_quick_starts_run_as_they_are_printed(service: Service) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = [rest.split("```")[0] for rest in readme.split("```python\n")[1:]]
    assert len(blocks) == 3 and sum(len(block.splitlines()) for block in blocks) < 40
    said = [["kettle", "pot"], ["Report(accepted=1000, duplicates=0, dropped=0"], ["recommendation_id"]]
    for block, words in zip(blocks, said):
        program = block.replace("http://127.0.0.1:8080", service.url)
        assert program != block
        run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
        assert run.returncode == 0, run.stderr
        assert any(word in run.stdout for word in words), run.stdout


@pytest.mark.parametrize("script", ["write_types.py", "write_sync.py"])
def test_generated_files_are_as_they_would_be_written(script: str) -> None:
    subprocess.run([sys.executable, str(ROOT / "scripts" / script), "--check"], check=True)
