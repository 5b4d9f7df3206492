"""Typst compiler as a program, started by `pdf.compile_pdf`: a request as JSON on its input, PDF on its output.

It sees no folder but an empty one, no packages and no fonts but ours. Typst stores what it has computed for later
compilations, so it must not live in a web process.
"""

import json
import sys
import tempfile

import typst


def main() -> None:
    asked = json.load(sys.stdin.buffer)
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[asked["fonts"]])
    with tempfile.TemporaryDirectory() as empty:
        document = typst.compile(
            asked["template"].encode(),
            format="pdf",
            root=empty,
            package_path=empty,
            package_cache_path=empty,
            font_paths=fonts,
            sys_inputs={"data": json.dumps(asked["data"])},
            pdf_standards=["ua-1"],
            timestamp=asked["created_at"],
        )
    sys.stdout.buffer.write(document)


if __name__ == "__main__":
    main()
