"""The AWS SDK for JavaScript: each file of javascript/ against a fresh Weir."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from weir import TARGET

SOURCES = Path(__file__).parent / "javascript"
INSTALLED = TARGET / "clients" / "javascript"
FILES = sorted(path.name for path in SOURCES.glob("*.test.js"))


@pytest.mark.parametrize("name", FILES)
def test_file(weir, name, tmp_path):
    # Node looks for packages in the folders above a file.
    place = tmp_path / "javascript"
    place.mkdir()
    shutil.copy(SOURCES / "package.json", place)
    shutil.copy(SOURCES / name, place)
    os.symlink(INSTALLED / "node_modules", place / "node_modules")
    done = subprocess.run(["node", "--test", "--test-reporter=tap", name], cwd=place, env=weir.environment,
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    # A file that runs no test has not passed.
    assert "# pass 0" not in done.stdout and "# fail 0" in done.stdout, done.stdout
