"""Runs a checker of tools/ on a tree made up for it."""
import pathlib
import subprocess
import sys
import tempfile

TOOLS = pathlib.Path(__file__).resolve().parent.parent.parent / "tools"


def check(checker, files):
    """Runs tools/`checker` on a tree of {path: text}. Returns its exit code and what it printed."""
    with tempfile.TemporaryDirectory() as root:
        for name, text in files.items():
            path = pathlib.Path(root) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        result = subprocess.run([sys.executable, TOOLS / checker, root], capture_output=True, text=True, check=False)
        return result.returncode, result.stdout
