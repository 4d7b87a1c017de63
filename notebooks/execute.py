"""Executes notebooks as they are stored; a cell that fails is a failure.

    python notebooks/execute.py [--write | --check] [--in FOLDER] NOTEBOOK...

--write stores what came out, without anything that changes from run to run. --check fails where that
is not what is stored (numbers in figures to 1e-9; pictures are not compared, because they depend on fonts).
--in is the folder in which cells run, so that ../results is another one; by default the notebook's own.
"""

import argparse
import difflib
import json
import math
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def execute(path, folder):
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=600, kernel_name="python3", record_timing=False,
        resources={"metadata": {"path": str(folder or path.parent)}},
    )
    client.execute()
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})
    return notebook


def outputs(notebook):
    """What is compared, a list a code cell: text, and figures as trees."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            texts = [o.text for o in cell.outputs if o.output_type == "stream"]
            bundles = [o.data for o in cell.outputs if "data" in o]
            for bundle in bundles:
                figures = [value for kind, value in sorted(bundle.items()) if kind.endswith("+json")]
                # The text of a figure says no more than that it is one.
                texts += figures or [bundle["text/plain"]]
            found.append((cell.source, texts))
    return found


def same(a, b):
    if isinstance(a, float) or isinstance(b, float):
        numbers = all(isinstance(x, (int, float)) for x in (a, b))
        return numbers and math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


def without_names(figure):
    """A figure whose data are named by where they are used, not by a hash of their last bits."""
    data = figure.get("datasets", {})
    spec = json.dumps({key: value for key, value in figure.items() if key != "datasets"}, sort_keys=True)
    names = sorted(data, key=spec.index)
    for i, name in enumerate(names):
        spec = spec.replace(name, f"data-{i}")
    return [json.loads(spec), [data[name] for name in names]]


def difference(stored, fresh):
    """The first output that differs, or None."""
    for (source, old), (_, new) in zip(outputs(stored), outputs(fresh), strict=True):
        old, new = ([without_names(x) if isinstance(x, dict) else x for x in side] for side in (old, new))
        if not same(old, new):
            texts = [json.dumps(side, indent=1, sort_keys=True).replace("\\n", "\n").splitlines() for side in (old, new)]
            lines = list(difflib.unified_diff(*texts, "stored", "fresh", lineterm="", n=1))
            return "\n".join([source.splitlines()[0], *lines[:40]])
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("--in", dest="folder", type=Path)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--write", action="store_true")
    what.add_argument("--check", action="store_true")
    options = parser.parse_args()
    failed = 0
    for path in options.notebooks:
        try:
            fresh = execute(path, options.folder)
        except CellExecutionError as error:
            failed += 1
            print(f"{path}: a cell failed\n{error}", file=sys.stderr)
            continue
        if options.write:
            path.write_text(nbformat.writes(fresh, indent=1) + "\n", encoding="utf-8")
        if options.check and (found := difference(nbformat.read(path, as_version=4), fresh)):
            failed += 1
            print(
                f"{path}: the stored outputs are not those of these results; if the change is meant, "
                f"execute with --write\n{found}",
                file=sys.stderr,
            )
            continue
        print(f"{path}: executed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
