"""``python -m tests.generate``: writes all generated files."""

from __future__ import annotations

from tests.generate.files import ROOT, generated

if __name__ == "__main__":
    for name, text in generated().items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        print(name)
